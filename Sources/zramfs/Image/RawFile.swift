import Glibc
import HostGuard
import PageStore
import SystemPackage

/// A disk's content in a file: holes where there are zeroes.
final class RawFile {
    private let path: String
    private let descriptor: Int32
    private let isSeekable: Bool
    private var position: off_t = 0
    /// What is written, if it is not there yet.
    private var output: OutputFile?

    /// Opens a file to read.
    /// - Throws: `Failure`.
    init(reading path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path, .usage) }
        isSeekable = true
    }

    /// Makes a file, which is in its place at `end`; `-` is standard output.
    /// - Parameter inputs: files that must not be it.
    /// - Throws: `Failure`.
    init(writing path: String, sparing inputs: [String] = []) throws {
        self.path = path
        if path == "-" {
            (descriptor, isSeekable) = (1, false)
            return
        }
        try OutputCheck.spare(path, inputs: inputs)
        let output: OutputFile
        do { output = try OutputFile(path, mode: 0o600) } catch { throw Failure("\(error)", .usage) }
        self.output = output
        descriptor = output.descriptor
        var info = stat()
        isSeekable = fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    deinit { if output == nil, descriptor > 2 { close(descriptor) } }

    private static func failure(_ path: String, _ status: ExitStatus = .failed) -> Failure {
        Failure("\(path): \(Errno(rawValue: errno))", status)
    }

    /// Bytes that the host keeps for a file.
    static func allocated(_ path: String) throws -> UInt64 {
        var info = stat()
        guard stat(path, &info) == 0 else { throw failure(path, .usage) }
        return UInt64(info.st_blocks) * 512
    }

    /// The content's length in bytes: of a block device, too.
    func size() throws -> UInt64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.failure(path, .usage) }
        return UInt64(end)
    }

    /// The first bytes, or as many as there are.
    func head(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, 0)
        guard got >= 0 else { throw Self.failure(path, .usage) }
        return Array(bytes.prefix(got))
    }

    /// Reads on, up to a buffer full; skips zeroes. nil at the end.
    func nextData(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> (UInt64, UnsafeMutableRawBufferPointer)? {
        while true {
            var got = 0
            while got < buffer.count {
                let part = pread(descriptor, buffer.baseAddress! + got, buffer.count - got, position + off_t(got))
                if part < 0, errno == EINTR { continue }
                if part < 0 { throw Errno(rawValue: errno) }
                if part == 0 { break }
                got += part
            }
            if got == 0 { return nil }
            defer { position += off_t(got) }
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<got])
            if !isZero(part) { return (UInt64(position), part) }
        }
    }

    private func isZero(_ part: UnsafeMutableRawBufferPointer) -> Bool {
        part[0] == 0 && memcmp(part.baseAddress!, part.baseAddress! + 1, part.count - 1) == 0
    }

    /// Writes a part; parts come in order.
    /// - Throws: `Failure`.
    func write(_ part: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
        if isSeekable, isZero(part) { return }
        var done = 0
        while done < part.count {
            let from = part.baseAddress! + done
            let put =
                isSeekable
                ? pwrite(descriptor, from, part.count - done, off_t(offset) + off_t(done))
                : Glibc.write(descriptor, from, part.count - done)
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw Self.failure(path) }
            done += put
        }
    }

    /// The content is that long; brings it to the host's disk.
    func end(at size: UInt64) throws {
        guard isSeekable else { return }
        guard ftruncate(descriptor, off_t(size)) == 0, fsync(descriptor) == 0 else { throw Self.failure(path) }
        do { try output?.complete() } catch { throw Failure("\(error)") }
    }
}
