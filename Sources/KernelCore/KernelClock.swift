import Glibc

/// Time since a simulated kernel was booted.
public struct KernelClock: Sendable {
    let boot: UInt64

    /// A clock that starts now.
    public init() { boot = Self.monotonic }

    /// Nanoseconds since boot.
    public var now: UInt64 { Self.monotonic &- boot }

    static var monotonic: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
