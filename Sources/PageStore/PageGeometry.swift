/// Sizes that the whole store agrees on.
enum PageGeometry {
    /// Bytes in a page.
    static let pageSize = 4096
    static let pageShift: UInt64 = 12
    /// Pages that share a lock and are staged together: 128 KiB, the largest request that FUSE sends by default.
    static let runLength = 32
    static let runShift: UInt64 = 5
    /// Compressed pages of this length or more are stored raw. It is what `zs_huge_class_size` says on x86_64 with
    /// zsmalloc chains of eight pages, so that `huge_pages` counts the pages that zram would count.
    static let hugeThreshold = 3264
    /// Memory is accounted in grains: zsmalloc's size classes waste about as much as this rounding.
    static let grain: UInt64 = 64
    /// A slot for compressor output: more than the bound of any algorithm for one page.
    static let compressedBound = 4608
}
