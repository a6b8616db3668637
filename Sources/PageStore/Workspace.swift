import CLZ4
import CLzo
import CZstd

/// The scratch memory of one request: compressor states, room for a run of records on their way to the log, and for a
/// run of records on their way back. Kept in a pool, so that no page costs an allocation.
final class Workspace {
    /// What a staged page will become.
    struct Staged {
        var entry = PageEntry.empty
        /// Where its record begins in `staging`, and its length there; meaningless for a same-filled page.
        var position = 0
        var span = 0
        /// What the table held when the page was counted in.
        var old = PageEntry.empty
    }

    /// A page on the backing device.
    struct Pin {
        var page: UInt64
        var entry: PageEntry
        var place: BackedPage
        /// Where in `fetched` it goes.
        var position: Int
    }

    static let capacity = PageGeometry.runLength
    private static let recordBound = RecordHeader.span(length: PageGeometry.pageSize)

    /// Records to be written, back to back.
    let staging: UnsafeMutableRawPointer
    /// Records that were read, in the order of the pages.
    let fetched: UnsafeMutableRawPointer
    /// A page that is being modified in part.
    let page: UnsafeMutableRawPointer
    let staged: UnsafeMutablePointer<Staged>
    /// How many of the staged pages are stored: a write that is tried again goes on from here.
    var stored = 0
    let entries: UnsafeMutablePointer<PageEntry>
    /// Pages of those that are on the backing device, and must stay there until they are read.
    var pins: [Pin] = []
    let released: UnsafeMutablePointer<Extent>

    private let lz4State: UnsafeMutableRawPointer
    private lazy var lz4hcState = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofStateHC()), alignment: 16)
    private var hasHCState = false
    private lazy var lzoState = UnsafeMutableRawPointer.allocate(byteCount: zf_lzo_state(), alignment: 16)
    private var hasLZOState = false
    private var zstdCompressor: OpaquePointer?
    private var zstdDecompressor: OpaquePointer?
    private var deflate: Deflate?

    init() {
        let bytes = Self.capacity * Self.recordBound
        staging = .allocate(byteCount: bytes + PageGeometry.compressedBound, alignment: 64)
        fetched = .allocate(byteCount: bytes, alignment: 64)
        page = .allocate(byteCount: PageGeometry.pageSize, alignment: 64)
        staged = .allocate(capacity: Self.capacity)
        staged.initialize(repeating: Staged(), count: Self.capacity)
        entries = .allocate(capacity: Self.capacity)
        entries.initialize(repeating: .empty, count: Self.capacity)
        released = .allocate(capacity: Self.capacity)
        released.initialize(repeating: Extent(offset: 0, bytes: 0), count: Self.capacity)
        lz4State = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
    }

    deinit {
        staging.deallocate()
        fetched.deallocate()
        page.deallocate()
        staged.deallocate()
        entries.deallocate()
        released.deallocate()
        lz4State.deallocate()
        if hasHCState { lz4hcState.deallocate() }
        if hasLZOState { lzoState.deallocate() }
        ZSTD_freeCCtx(zstdCompressor)
        ZSTD_freeDCtx(zstdDecompressor)
    }

    /// Compresses one page into at most `compressedBound` bytes; 0 if the compressor failed.
    @inline(__always)
    func compress(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, with compressor: Compressor) -> Int {
        let raw = source
        let source = source.assumingMemoryBound(to: CChar.self)
        let output = target.assumingMemoryBound(to: CChar.self)
        let size = Int32(PageGeometry.pageSize)
        let bound = Int32(PageGeometry.compressedBound)
        switch compressor.algorithm {
        case .lzo, .lzoRLE: return compressLZO(raw, to: target)
        case .lz4:
            return Int(LZ4_compress_fast_extState(lz4State, source, output, size, bound, compressor.level))
        case .lz4hc:
            hasHCState = true
            return Int(LZ4_compress_HC_extStateHC(lz4hcState, source, output, size, bound, compressor.level))
        case .zstd:
            if zstdCompressor == nil { zstdCompressor = ZSTD_createCCtx() }
            let length = ZSTD_compressCCtx(zstdCompressor, target, Int(bound), source, Int(size), compressor.level)
            return ZSTD_isError(length) == 0 ? length : 0
        case .deflate:
            let state = deflate ?? Deflate()
            deflate = state
            return state.compress(raw, to: target, room: Int(bound), level: compressor.level)
        }
    }

    /// Restores one page; false if the payload does not hold exactly a page.
    @inline(__always)
    func decompress(
        _ payload: UnsafeRawPointer,
        length: Int,
        kind: UInt8,
        to page: UnsafeMutableRawPointer
    ) -> Bool {
        let size = PageGeometry.pageSize
        switch RecordKind(rawValue: kind) {
        case .lzo:
            var length: (have: lzo_uint, made: lzo_uint) = (lzo_uint(length), lzo_uint(size))
            let source = payload.assumingMemoryBound(to: UInt8.self)
            let target = page.assumingMemoryBound(to: UInt8.self)
            return lzo1x_decompress_safe(source, length.have, target, &length.made, nil) == LZO_E_OK
                && length.made == lzo_uint(size)
        case .lz4:
            let source = payload.assumingMemoryBound(to: CChar.self)
            let target = page.assumingMemoryBound(to: CChar.self)
            return LZ4_decompress_safe(source, target, Int32(length), Int32(size)) == size
        case .zstd:
            if zstdDecompressor == nil { zstdDecompressor = ZSTD_createDCtx() }
            return ZSTD_decompressDCtx(zstdDecompressor, page, size, payload, length) == size
        case .deflate:
            let state = deflate ?? Deflate()
            deflate = state
            return state.decompress(payload, length: length, to: page)
        case .same:
            guard length == RecordHeader.wordSize else { return false }
            SameFilled.fill(page, with: payload.loadUnaligned(as: UInt64.self))
            return true
        case .raw:
            guard length == size else { return false }
            page.copyMemory(from: payload, byteCount: size)
            return true
        case .dropped, .writtenBack, nil:
            return false
        }
    }

    private func compressLZO(_ page: UnsafeRawPointer, to target: UnsafeMutableRawPointer) -> Int {
        // The library wants to be asked whether it was built for this machine.
        if !hasLZOState, zf_lzo_init() != LZO_E_OK { return 0 }
        hasLZOState = true
        var length: lzo_uint = 0
        let result = lzo1x_1_compress(
            page.assumingMemoryBound(to: UInt8.self), lzo_uint(PageGeometry.pageSize),
            target.assumingMemoryBound(to: UInt8.self), &length, lzoState)
        return result == LZO_E_OK ? Int(length) : 0
    }
}
