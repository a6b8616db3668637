import Glibc
import SystemPackage

/// The entries of one disk in one contiguous, lazily backed mapping.
///
/// 12 bytes a page and one byte a run, which says that the run was ever touched: walks over a large, nearly empty disk
/// skip the rest. Every access is under the lock of the page's run.
struct PageMap: @unchecked Sendable {
    // Sendable: the owner's locks order all accesses.
    let pages: UInt64
    private let entries: UnsafeMutableRawPointer
    private let touched: UnsafeMutablePointer<UInt8>
    private let entryBytes: Int
    private let touchedBytes: Int
    private static let stride: UInt64 = 12

    /// Maps room for the entries.
    /// - Throws: `ENOMEM` if the table alone would be larger than the machine's memory, as `vzalloc` does.
    init(pages: UInt64) throws(Errno) {
        let memory = UInt64(sysconf(Int32(_SC_PHYS_PAGES))) &* UInt64(sysconf(Int32(_SC_PAGESIZE)))
        guard pages > 0, pages <= memory / 16 else { throw .noMemory }
        self.pages = pages
        entryBytes = Int(pages * Self.stride)
        touchedBytes = Int((pages >> PageGeometry.runShift) + 1)
        entries = try Self.map(entryBytes)
        do {
            touched = try Self.map(touchedBytes).assumingMemoryBound(to: UInt8.self)
        } catch {
            munmap(entries, entryBytes)
            throw error
        }
    }

    static func map(_ bytes: Int) throws(Errno) -> UnsafeMutableRawPointer {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED else {
            throw .noMemory
        }
        // A huge page for each touched corner would make a sparse disk expensive.
        madvise(memory, bytes, MADV_NOHUGEPAGE)
        return memory
    }

    /// Unmaps everything; the owner sees to it that nobody looks again.
    func unmap() {
        munmap(entries, entryBytes)
        munmap(touched, touchedBytes)
    }

    @inline(__always)
    subscript(page: UInt64) -> PageEntry {
        get {
            let at = entries + Int(page &* Self.stride)
            return PageEntry(
                value: at.loadUnaligned(as: UInt64.self),
                bits: at.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
            )
        }
        nonmutating set {
            let at = entries + Int(page &* Self.stride)
            at.storeBytes(of: newValue.value, as: UInt64.self)
            at.storeBytes(of: newValue.rawBits, toByteOffset: 8, as: UInt32.self)
        }
    }

    /// Notes that the page's run has, or had, entries.
    @inline(__always)
    func touch(_ page: UInt64) {
        touched[Int(page >> PageGeometry.runShift)] = 1
    }

    /// Whether any page of the page's run was ever stored.
    @inline(__always)
    func isTouched(_ page: UInt64) -> Bool {
        touched[Int(page >> PageGeometry.runShift)] != 0
    }

    /// The runs of the table, as ranges of pages.
    func forEachRun(in range: Range<UInt64>, _ body: (Range<UInt64>) -> Void) {
        var page = range.lowerBound
        let length = UInt64(PageGeometry.runLength)
        while page < range.upperBound {
            let end = min((page / length + 1) * length, range.upperBound)
            body(page..<end)
            page = end
        }
    }
}
