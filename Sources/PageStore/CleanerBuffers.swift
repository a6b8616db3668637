/// The memory of the one thread that cleans: a segment as it is, and its live records as they will be.
final class CleanerBuffers {
    /// A live record on the move.
    struct Move {
        var table: PageTable
        var page: UInt64
        var from: UInt64
        var position: Int
        var span: Int
    }

    let source = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
    let target = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
    var moves: [Move] = []

    deinit {
        source.deallocate()
        target.deallocate()
    }
}
