import Glibc

/// A file that the command writes: a regular one, which has its name only when it is whole.
///
/// It is made beside its target, with a name that nobody can have planted (`O_EXCL`), and takes the target's place by
/// rename(2). A target that is there and is no regular file (a device, a link, a FIFO, a folder) is refused, not
/// replaced and not followed. What was not completed is removed.
public final class OutputFile {
    /// To write to.
    public let descriptor: Int32
    private let target: String
    private let fresh: String
    private let isStream: Bool
    private var isComplete = false

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: the target; `/dev/stdout`, `/dev/stderr`, `/dev/null` and `/dev/fd/N` are written to as they are.
    ///   - mode: as of open(2), less the umask; a target that is there keeps its own.
    /// - Throws: `OutputError`.
    public init(_ path: String, mode: mode_t = 0o666) throws(OutputError) {
        target = path
        isStream = Self.isStream(path)
        if isStream {
            fresh = path
            descriptor = try Self.openStream(path)
            return
        }
        let permissions = try Self.permissions(path) ?? (mode & ~Self.mask)
        var name = Array((Self.folder(of: path) + ".zramfs-output.XXXXXX").utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw OutputError(path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        fresh = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        fchmod(descriptor, permissions)
    }

    deinit {
        close(descriptor)
        if !isComplete, !isStream { unlink(fresh) }
    }

    /// Appends bytes.
    /// - Throws: `OutputError`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw OutputError(target) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// The file is whole: brings it to the host's disk and gives it its name.
    /// - Throws: `OutputError`; the target is as before then.
    public func complete() throws(OutputError) {
        if isStream { return }
        guard fsync(descriptor) == 0 else { throw OutputError(target) }
        // It may have become something else meanwhile.
        _ = try Self.permissions(target)
        guard rename(fresh, target) == 0 else { throw OutputError(target) }
        isComplete = true
    }

    /// Writes a file, whole or not at all.
    ///
    /// - Parameters: as of `init`.
    /// - Throws: `OutputError`.
    public static func write(
        _ bytes: some Sequence<UInt8>, to path: String, mode: mode_t = 0o666
    ) throws(OutputError) {
        let file = try OutputFile(path, mode: mode)
        let bytes = ContiguousArray(bytes)
        var failure: OutputError?
        bytes.withUnsafeBytes { buffer in
            do throws(OutputError) { try file.write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.complete()
    }

    /// A file that is read while it is written, such as a log: made anew, in place of a regular one.
    ///
    /// - Returns: a descriptor to append to.
    /// - Throws: `OutputError`.
    public static func log(_ path: String, keeping: Bool, mode: mode_t) throws(OutputError) -> Int32 {
        if isStream(path) { return try openStream(path) }
        _ = try permissions(path)
        if !keeping { unlink(path) }
        let file = open(
            path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (keeping ? 0 : O_EXCL), mode)
        guard file >= 0 else { throw OutputError(path) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw OutputError(path, "it is no regular file")
        }
        return file
    }

    /// Whether a file could be written now.
    /// - Throws: `OutputError`.
    public static func check(_ path: String) throws(OutputError) {
        if isStream(path) { return }
        _ = try permissions(path)
        let folder = folder(of: path)
        guard access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 else { throw OutputError(path) }
    }

    /// The permissions of what stands at the path and may be replaced; nil if nothing is there.
    private static func permissions(_ path: String) throws(OutputError) -> mode_t? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw OutputError(path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status.st_mode & 0o777
        case S_IFLNK: throw OutputError(path, "it is a link; name the file itself")
        case S_IFDIR: throw OutputError(path, "it is a folder")
        default: throw OutputError(path, "it is no regular file")
        }
    }

    private static func isStream(_ path: String) -> Bool {
        ["/dev/stdout", "/dev/stderr", "/dev/null"].contains(path) || path.hasPrefix("/dev/fd/")
            || path.hasPrefix("/proc/self/fd/")
    }

    /// A descriptor that the command has already is taken as it is, at its place: by its name it might be another file, or
    /// not to be opened.
    private static func openStream(_ path: String) throws(OutputError) -> Int32 {
        fflush(nil)
        let names = ["/dev/stdout": "1", "/dev/stderr": "2"]
        let number = names[path] ?? path.split(separator: "/").last.map(String.init) ?? ""
        let descriptor =
            path == "/dev/null"
            ? open(path, O_WRONLY | O_CLOEXEC) : fcntl(Int32(number) ?? -1, F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw OutputError(path) }
        return descriptor
    }

    /// The folder that a path's file is in, with a slash behind it; empty for the working directory.
    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private static var mask: mode_t {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }
}

/// Why a file cannot be written, for people.
public struct OutputError: Error, CustomStringConvertible {
    /// `PATH: why`.
    public let description: String

    init(_ path: String, _ why: String) { description = "\(path): \(why)" }

    init(_ path: String) { self.init(path, String(cString: strerror(errno))) }
}
