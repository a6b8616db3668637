import Glibc
import SystemPackage

/// Where paths lead, without touching what is there.
enum MountPaths {
    /// True if walking the path enters a mount of zramfs.
    ///
    /// The daemon must not ask the kernel for a file of its own mount: it would wait for itself. So the path is walked
    /// name by name, and each is compared with the mount table before it is looked at.
    ///
    /// - Throws: what looking at a name says.
    static func leadIntoZramfs(_ path: String) throws(Errno) -> Bool {
        let ours = try zramfsMounts()
        var rest = path.split(separator: "/").map(String.init)[...]
        var place = path.hasPrefix("/") ? [] : workingDirectory()
        var links = 0
        while let name = rest.popFirst() {
            if name == "." { continue }
            if name == ".." {
                _ = place.popLast()
                continue
            }
            place.append(name)
            let whole = "/" + place.joined(separator: "/")
            if ours.contains(whole) { return true }
            guard let target = try link(whole) else { continue }
            links += 1
            guard links <= 40 else { throw .tooManySymbolicLinkLevels }
            place = target.hasPrefix("/") ? [] : place.dropLast()
            rest = target.split(separator: "/").map(String.init) + rest
        }
        return false
    }

    /// True if the path is a block device that stands on a disk of zramfs: a loop device, or one with such below it.
    ///
    /// The daemon must not have it open: whoever closes it last waits until its pages are written, to the daemon.
    static func standsOnDisk(_ path: String) -> Bool {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFBLK else { return false }
        let number = UInt64(info.st_rdev)
        // `gnu_dev_major` and `gnu_dev_minor`.
        let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00)
        return standsOnDisk(device: "/sys/dev/block/\(major):\(minor)", depth: 0)
    }

    private static func standsOnDisk(device: String, depth: Int) -> Bool {
        if let file = try? String(contentsOfFile: device + "/loop/backing_file"), isDisk(String(file.dropLast())) {
            return true
        }
        guard depth < 8, let stream = opendir(device + "/slaves") else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            if standsOnDisk(device: "\(device)/slaves/\(name)", depth: depth + 1) { return true }
        }
        return false
    }

    /// The backing file of a loop device: of ours by its name, in whatever namespace; or in a mount of ours.
    private static func isDisk(_ file: String) -> Bool {
        if file.contains("/view/backing/zram") { return true }
        return (try? zramfsMounts())?.contains { file.hasPrefix($0 + "/") } ?? false
    }

    private static func zramfsMounts() throws(Errno) -> Set<String> {
        guard let file = fopen("/proc/self/mountinfo", "r") else { throw Errno(rawValue: errno) }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        var found: Set<String> = []
        while getline(&line, &room, file) > 0, let line {
            let text = String(cString: line)
            guard text.contains(" - fuse.zramfs ") else { continue }
            let fields = text.split(separator: " ")
            if fields.count > 4 { found.insert(unescaped(String(fields[4]))) }
        }
        return found
    }

    /// The table writes blanks and backslashes as three octal digits.
    private static func unescaped(_ field: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest.removeFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func workingDirectory() -> [String] {
        guard let path = getcwd(nil, 0) else { return [] }
        defer { free(path) }
        return String(cString: path).split(separator: "/").map(String.init)
    }

    /// What a symbolic link says; nil for anything else.
    private static func link(_ path: String) throws(Errno) -> String? {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw Errno(rawValue: errno) }
        guard info.st_mode & S_IFMT == S_IFLNK else { return nil }
        let target = realpathOfLink(path)
        guard let target else { throw Errno(rawValue: errno) }
        return target
    }

    private static func realpathOfLink(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(PATH_MAX)) { buffer in
            let count = buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
