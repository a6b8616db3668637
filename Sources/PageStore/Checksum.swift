import CPageStoreShims

/// The checksum of everything in an image; see `CPageStoreShims`.
enum Checksum {
    @inline(__always)
    static func of(_ bytes: UnsafeRawPointer, count: Int, seed: UInt32 = 0) -> UInt32 {
        zramfs_checksum(seed, bytes, count)
    }
}
