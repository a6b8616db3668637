import Glibc
import SystemPackage

/// The processes of a run: those that see its folder from another mount namespace than the caller's, in which the daemon
/// lives. A namespace that one of them made for itself, as `unshare -m` does, has a copy of the mount, and counts.
struct NamespaceMembers {
    private let device: String
    private let spared: Set<Int32>
    private let own = Self.namespace(of: "self")

    /// - Parameters:
    ///   - folder: the run's, on a file system of its own.
    ///   - spared: processes that are left alone.
    init(of folder: String, except spared: Set<Int32> = []) {
        var status = stat()
        let isThere = stat(folder, &status) == 0
        let number = UInt64(status.st_dev)
        // `gnu_dev_major` and `gnu_dev_minor`, for numbers of file systems: the major one is 0.
        device = isThere ? "\(number >> 8 & 0xfff):\(number & 0xff | number >> 12 & 0xfff00)" : "none"
        self.spared = spared
    }

    /// Kills them, those that they start meanwhile included, until none is left.
    ///
    /// - Parameter isLate: called when some are still there after two seconds: who waits for the daemon cannot die.
    func kill(isLate: () -> Void = {}) {
        for round in 0..<2000 {
            let members = pids
            if members.isEmpty { return }
            for pid in members { Glibc.kill(pid, SIGKILL) }
            if round > 0 { usleep(5000) }
            if round == 400 { isLate() }
        }
    }

    /// All of them, but for those spared and the dead.
    private var pids: [Int32] {
        var known: [String: Bool] = [:]
        return Self.processes.filter { pid in
            guard !spared.contains(pid), let other = Self.namespace(of: "\(pid)"), other != own else { return false }
            if let isOurs = known[other] { return isOurs }
            let isOurs = sees(pid)
            known[other] = isOurs
            return isOurs
        }
    }

    /// True if its mount table has the folder.
    private func sees(_ pid: Int32) -> Bool {
        guard let table = try? String(contentsOfFile: "/proc/\(pid)/mountinfo") else { return false }
        return table.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 3)
            return fields.count > 2 && fields[2] == device
        }
    }

    /// Those that live in the caller's namespace, but for itself and those spared.
    var neighbours: [Int32] {
        Self.processes.filter {
            $0 != getpid() && !spared.contains($0) && own != nil && Self.namespace(of: "\($0)") == own
        }
    }

    private static var processes: [Int32] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var found: [Int32] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = Int32(name) { found.append(pid) }
        }
        return found
    }

    /// nil for one that is dead: it has none any more.
    private static func namespace(of process: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/\(process)/ns/mnt", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
