import Glibc
import SystemPackage

/// The mounts of this host, as `/proc/self/mountinfo` lists them.
enum MountTable {
    /// One mount of ours.
    struct Entry {
        let mountPoint: String
        let source: String
        /// `st_dev` of its files, as `0:39`: the same for all places where it is mounted.
        let device: Substring
    }

    /// The mounts of type `fuse.zramfs`, the newest last.
    /// - Parameter process: whose mount namespace; a pid, or `self`.
    static func ours(_ process: String = "self") -> [Entry] {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/mountinfo") else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 2, fields[dash + 1] == "fuse.zramfs"
            else { return nil }
            return Entry(
                mountPoint: unescape(fields[4]), source: unescape(fields[dash + 2]),
                device: fields[2])
        }
    }

    /// The mount that a command means: the one named, or the only one.
    ///
    /// - Throws: `Failure` if there is none, or several.
    static func find(_ named: String?) throws -> String {
        let mounts = ours()
        if let named {
            let path = try absolute(named)
            guard mounts.contains(where: { $0.mountPoint == path }) else {
                throw Failure("\(named) is no zramfs mount; see: findmnt -t fuse.zramfs", .usage)
            }
            return path
        }
        let points = Array(Set(mounts.map(\.mountPoint))).sorted()
        guard let only = points.first else { throw Failure("nothing is mounted; first: zramfs mount /mnt/z", .usage) }
        guard points.count == 1 else {
            throw Failure("several mounts, say which: \(points.joined(separator: " "))", .usage)
        }
        return only
    }

    /// The absolute path with its links resolved; the directory itself is not asked, it may be a hanging mount.
    ///
    /// - Throws: `Failure` if it cannot be named: it is empty, or relative to a directory that is gone.
    static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty else { throw Failure("a path is empty; name a file or a directory", .usage) }
        let full = path.hasPrefix("/") ? path : try currentDirectory(for: path) + "/" + path
        let parts = full.split(separator: "/")
        guard let name = parts.last else { return "/" }
        let parent = "/" + parts.dropLast().joined(separator: "/")
        let whole = parent == "/" ? "/\(name)" : "\(parent)/\(name)"
        // To read a link asks nobody, even if a mount is there; `..` follows links, as the kernel does.
        var byte = CChar()
        if name == "." || name == ".." || readlink(whole, &byte, 1) >= 0 {
            return resolved(whole) ?? FilePath(full).lexicallyNormalized().string
        }
        guard let real = resolved(parent) else { return FilePath(full).lexicallyNormalized().string }
        return real == "/" ? "/\(name)" : "\(real)/\(name)"
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// One that was removed has no name, and one outside of our root none that leads there.
    private static func currentDirectory(for path: String) throws -> String {
        guard let name = getcwd(nil, 0) else {
            throw Failure(
                "\(path): the current directory is gone (\(String(cString: strerror(errno)))); name it from /", .usage)
        }
        defer { free(name) }
        let text = String(cString: name)
        guard text.hasPrefix("/") else {
            throw Failure("\(path): the current directory cannot be named: \(text)", .usage)
        }
        return text
    }

    /// Octal escapes of mountinfo: `\040` is a blank.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// Reads a file to its end; for `/proc`, whose files have no size.
    init(contentsOfFile path: String) throws(Errno) {
        let descriptor: FileDescriptor
        do { descriptor = try FileDescriptor.open(path, .readOnly) } catch { throw Errno(rawValue: errno) }
        defer { try? descriptor.close() }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor.rawValue, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw Errno(rawValue: errno) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        self = String(decoding: bytes, as: UTF8.self)
    }
}
