import CFuse3

extension Bridge {
    /// Negotiates with the kernel; libfuse's `init`.
    func configure(_ connection: inout fuse_conn_info) {
        var wanted = Capabilities(rawValue: connection.want)
        // O_TRUNC has no effect here, but with atomic truncation the kernel would drop a disk's cached pages by itself.
        wanted.subtract([.atomicTruncation, .spliceRead, .spliceWrite, .spliceMove, .autoInvalidation])
        if options.writebackCache { wanted.insert(.writebackCache) } else { wanted.remove(.writebackCache) }
        connection.want = wanted.intersection(Capabilities(rawValue: connection.capable)).rawValue
        connection.max_write = options.maxWrite
        // A RELEASE that waits for a free place in the background queue would overtake nothing but itself.
        connection.max_background = 256
        connection.congestion_threshold = 192
    }
}

/// What the FUSE kernel can do, libfuse's `FUSE_CAP_*`.
struct Capabilities: OptionSet {
    let rawValue: UInt32

    static let atomicTruncation = Self(rawValue: UInt32(FUSE_CAP_ATOMIC_O_TRUNC))
    static let spliceWrite = Self(rawValue: UInt32(FUSE_CAP_SPLICE_WRITE))
    static let spliceMove = Self(rawValue: UInt32(FUSE_CAP_SPLICE_MOVE))
    static let spliceRead = Self(rawValue: UInt32(FUSE_CAP_SPLICE_READ))
    static let autoInvalidation = Self(rawValue: UInt32(FUSE_CAP_AUTO_INVAL_DATA))
    static let writebackCache = Self(rawValue: UInt32(FUSE_CAP_WRITEBACK_CACHE))
}
