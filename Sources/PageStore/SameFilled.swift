import Glibc

/// Pages of one repeated 8-byte word.
///
/// The kernel function is `page_same_filled`.
enum SameFilled {
    /// The word that the page consists of; nil if it is an ordinary page.
    @inline(__always)
    static func word(of page: UnsafeRawPointer) -> UInt64? {
        let first = page.loadUnaligned(as: UInt64.self)
        // Most pages that begin alike end differently: look there before walking the page.
        guard page.loadUnaligned(fromByteOffset: PageGeometry.pageSize - 8, as: UInt64.self) == first else {
            return nil
        }
        var offset = 0
        while offset < PageGeometry.pageSize {
            var difference: UInt64 = 0
            for lane in 0..<8 {
                difference |= page.loadUnaligned(fromByteOffset: offset &+ lane &* 8, as: UInt64.self) ^ first
            }
            if difference != 0 { return nil }
            offset &+= 64
        }
        return first
    }

    /// Whether there are only zeroes: the first is one, and each is what is before it.
    static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[0] == 0 && memcmp(bytes.baseAddress!, bytes.baseAddress! + 1, bytes.count - 1) == 0
    }

    /// Fills a page with the word.
    @inline(__always)
    static func fill(_ page: UnsafeMutableRawPointer, with word: UInt64) {
        for offset in stride(from: 0, to: PageGeometry.pageSize, by: 8) {
            page.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
        }
    }
}
