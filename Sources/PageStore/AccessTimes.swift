import Glibc
import SystemPackage

/// When each page was accessed last, in ticks of 10 ms since the host booted: four bytes a page, lazily backed.
///
/// The kernel's `ac_time`. Accessed under the lock of the page's run, as the entries are.
struct AccessTimes: @unchecked Sendable {
    // Sendable: the owner's locks order all accesses.
    static let ticksPerSecond: UInt64 = 100
    private let memory: UnsafeMutablePointer<UInt32>
    private let bytes: Int

    /// - Throws: `ENOMEM`.
    init(pages: UInt64) throws(Errno) {
        bytes = Int(pages) * MemoryLayout<UInt32>.stride
        memory = try PageMap.map(bytes).assumingMemoryBound(to: UInt32.self)
    }

    func unmap() { munmap(memory, bytes) }

    /// The present. The kernel's `ktime_get_boottime`.
    @inline(__always)
    static var now: UInt32 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return UInt32(truncatingIfNeeded: UInt64(time.tv_sec) &* ticksPerSecond &+ UInt64(time.tv_nsec) / 10_000_000)
    }

    @inline(__always)
    subscript(page: UInt64) -> UInt32 {
        get { memory[Int(page)] }
        nonmutating set { memory[Int(page)] = newValue }
    }

    /// Notes an access to all pages of a range.
    @inline(__always)
    func note(_ range: Range<UInt64>) {
        let now = Self.now
        for page in range { self[page] = now }
    }
}
