import Glibc

/// A directory of the host as it was before anything was mounted over it: it is looked into through its descriptor.
///
/// A mount that shows itself over `/sys/block` must never ask `/sys/block`: it would wait for itself.
final class HostDirectory: Sendable {
    private let descriptor: Int32

    /// The directories that were in it when it was opened, if they were asked for.
    let folders: Set<String>

    /// Opens it; nil if the host has none.
    init?(_ path: String, listsFolders: Bool) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let descriptor = descriptor
        folders = Set(
            !listsFolders
                ? []
                : Self.names(descriptor).filter { name in
                    var status = stat()
                    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
                        && status.st_mode & S_IFMT == S_IFDIR
                })
    }

    deinit { close(descriptor) }

    /// True if an entry is there, whatever it is.
    func has(_ name: String) -> Bool {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Where a link leads; nil if it is none.
    func link(_ name: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { readlinkat(descriptor, name, $0.baseAddress!, $0.count) }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The names in it, in no order.
    var names: [String] { Self.names(descriptor) }

    private static func names(_ descriptor: Int32) -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// A file of the host, read through a descriptor from before anything was mounted over it.
final class HostFile: Sendable {
    private let descriptor: Int32

    /// Opens it; nil if the host has none.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// Its text from the beginning.
    var text: String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(bytes.count))
            }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
