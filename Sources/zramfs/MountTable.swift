import Glibc
import SystemPackage

/// The mounts of this host, as `/proc/self/mountinfo` lists them.
enum MountTable {
    /// One mount of ours.
    struct Entry {
        let mountPoint: String
        let source: String
    }

    /// The mounts of type `fuse.zramfs`, the newest last.
    static func ours() -> [Entry] {
        guard let text = try? String(contentsOfFile: "/proc/self/mountinfo") else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 2, fields[dash + 1] == "fuse.zramfs"
            else { return nil }
            return Entry(mountPoint: unescape(fields[4]), source: unescape(fields[dash + 2]))
        }
    }

    /// The mount that a command means: the one named, or the only one.
    ///
    /// - Throws: `Failure` if there is none, or several.
    static func find(_ named: String?) throws -> String {
        let mounts = ours()
        if let named {
            let path = absolute(named)
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
    static func absolute(_ path: String) -> String {
        let full = FilePath(path).isAbsolute ? FilePath(path) : currentDirectory().appending(FilePath(path).components)
        let clean = full.lexicallyNormalized()
        guard let name = clean.lastComponent else { return clean.string }
        guard let parent = realpath(clean.removingLastComponent().string, nil) else { return clean.string }
        defer { free(parent) }
        return FilePath(String(cString: parent)).appending(name).string
    }

    private static func currentDirectory() -> FilePath {
        guard let name = getcwd(nil, 0) else { return "/" }
        defer { free(name) }
        return FilePath(String(cString: name))
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
