/// Combines two hashes. Statistical quality decides how often an exploration would take two states for one: 64 bits.
@inlinable @inline(__always)
public func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var hash = left ^ (right &+ 0x9E37_79B9_7F4A_7C15 &+ (left << 6) &+ (left >> 2))
    hash ^= hash >> 31
    hash = hash &* 0xbf58_476d_1ce4_e5b9
    hash ^= hash >> 29
    return hash
}

/// A value that can be part of the state of a simulated kernel.
public protocol Fingerprinted {
    /// Equal for equal values, within one kernel and across reruns of it.
    var fingerprint: UInt64 { get }
    /// Calls `body` with the number of each memory that the value points to.
    func forEachMemory(_ body: (UInt32) -> Void)
}

extension Fingerprinted {
    /// It points to none.
    @inlinable @inline(__always)
    public func forEachMemory(_ body: (UInt32) -> Void) {}
}

extension Bool: Fingerprinted {
    /// 1 or 2.
    public var fingerprint: UInt64 { self ? 2 : 1 }
}

extension FixedWidthInteger {
    /// The value's bits.
    public var fingerprint: UInt64 { UInt64(truncatingIfNeeded: self) }
}

extension Int: Fingerprinted {}
extension Int32: Fingerprinted {}
extension UInt8: Fingerprinted {}
extension UInt32: Fingerprinted {}
extension UInt64: Fingerprinted {}

extension String: Fingerprinted {
    /// FNV-1a of the UTF-8 bytes; Swift's own hash differs from run to run.
    public var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

extension Optional: Fingerprinted where Wrapped: Fingerprinted {
    /// The wrapped value's, or a constant for nil.
    public var fingerprint: UInt64 { map { mix(3, $0.fingerprint) } ?? 5 }
    /// The wrapped value's.
    public func forEachMemory(_ body: (UInt32) -> Void) { self?.forEachMemory(body) }
}

extension Array: Fingerprinted where Element: Fingerprinted {
    /// In order.
    public var fingerprint: UInt64 { reduce(UInt64(count)) { mix($0, $1.fingerprint) } }
    /// Each element's.
    public func forEachMemory(_ body: (UInt32) -> Void) { for element in self { element.forEachMemory(body) } }
}
