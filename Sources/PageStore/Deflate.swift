import CZlib

/// zlib's streams for raw deflate, one for each direction, made at first use and kept: a page costs a reset.
///
/// Window and memory level are those of the kernel's `backend_deflate`.
final class Deflate {
    private static let windowBits: Int32 = -12
    private static let memoryLevel: Int32 = 9

    // In memory of their own: zlib's state points back at its stream.
    private let deflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var level: Int32?
    private var hasInflater = false

    init() {
        deflater.initialize(to: z_stream())
        inflater.initialize(to: z_stream())
    }

    deinit {
        if level != nil { deflateEnd(deflater) }
        if hasInflater { inflateEnd(inflater) }
        deflater.deallocate()
        inflater.deallocate()
    }

    /// Compresses one page; 0 if it did not fit into `room` bytes, or zlib has no memory.
    func compress(_ page: UnsafeRawPointer, to target: UnsafeMutableRawPointer, room: Int, level wanted: Int32) -> Int {
        guard prepareDeflater(wanted) else { return 0 }
        deflater.pointee.next_in = UnsafeMutablePointer(mutating: page.assumingMemoryBound(to: UInt8.self))
        deflater.pointee.avail_in = UInt32(PageGeometry.pageSize)
        deflater.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
        deflater.pointee.avail_out = UInt32(room)
        guard CZlib.deflate(deflater, Z_FINISH) == Z_STREAM_END else { return 0 }
        return Int(deflater.pointee.total_out)
    }

    /// Restores one page; false if the payload does not hold exactly a page.
    func decompress(_ payload: UnsafeRawPointer, length: Int, to page: UnsafeMutableRawPointer) -> Bool {
        guard prepareInflater() else { return false }
        inflater.pointee.next_in = UnsafeMutablePointer(mutating: payload.assumingMemoryBound(to: UInt8.self))
        inflater.pointee.avail_in = UInt32(length)
        inflater.pointee.next_out = page.assumingMemoryBound(to: UInt8.self)
        inflater.pointee.avail_out = UInt32(PageGeometry.pageSize)
        return inflate(inflater, Z_FINISH) == Z_STREAM_END && inflater.pointee.avail_out == 0
    }

    private func prepareDeflater(_ wanted: Int32) -> Bool {
        if level == wanted { return deflateReset(deflater) == Z_OK }
        if level != nil { deflateEnd(deflater) }
        // zlib refuses levels that it does not know; the other libraries clamp them.
        let clamped = min(max(wanted, -1), 9)
        let result = deflateInit2_(
            deflater, clamped, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        level = result == Z_OK ? wanted : nil
        return result == Z_OK
    }

    private func prepareInflater() -> Bool {
        if hasInflater { return inflateReset(inflater) == Z_OK }
        hasInflater =
            inflateInit2_(inflater, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        return hasInflater
    }
}
