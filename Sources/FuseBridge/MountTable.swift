import Glibc

/// The mount table of this process, `/proc/self/mountinfo`. Reading it touches no mount.
enum MountTable {
    /// One mount.
    struct Entry {
        /// `st_dev` of its files, as `MAJOR:MINOR`: one for each connection.
        let device: Substring
        /// Where it is mounted.
        let mountPoint: String
        /// The file system's type, e.g. `fuse.zramfs`.
        let type: Substring
    }

    /// All mounts, the latest last.
    static func entries(_ text: String) -> [Entry] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
            return Entry(device: fields[2], mountPoint: unescape(fields[4]), type: fields[dash + 1])
        }
    }

    /// The device of the mount that lies topmost at a path.
    static func device(at path: String) -> String? {
        SmallFile.read("/proc/self/mountinfo").flatMap { text in
            entries(text).last { $0.mountPoint == path && $0.type.hasPrefix("fuse") }.map { String($0.device) }
        }
    }

    /// True if some mount of the device is there; at a path, if one is given.
    static func shows(_ device: String, at path: String? = nil) -> Bool {
        // An unreadable table says nothing.
        guard let text = SmallFile.read("/proc/self/mountinfo") else { return true }
        return entries(text).contains { $0.device == device && (path == nil || $0.mountPoint == path) }
    }

    /// Spaces and the like are written as `\040`.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest.removeFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
