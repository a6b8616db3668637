import Glibc

/// Who keeps a mount from being unmounted, as far as one may see, and how to leave all the same.
struct BusyReport {
    private static let most = 4
    private let mount: String
    private var reasons: [String] = []

    /// Looks at processes, loop devices, and the simulated kernel's tasks.
    init(_ mount: String) {
        self.mount = mount
        addProcesses()
        addLoops()
        addTasks()
        addSwaps()
    }

    /// `: by whom; how to leave`; empty if nobody is found.
    var line: String {
        guard !reasons.isEmpty else { return "" }
        let more = reasons.count > Self.most ? "; and \(reasons.count - Self.most) more" : ""
        return ": " + reasons.prefix(Self.most).joined(separator: "; ") + more
            + "; to end all that: echo b > \(mount)/sysrq-trigger"
    }

    /// Processes with something of the mount open, or that stand in it.
    private mutating func addProcesses() {
        for pid in Self.names(in: "/proc") where Int32(pid) != nil && Int32(pid) != getpid() {
            var seen: Set<String> = []
            for place in ["cwd", "root"] {
                if let path = inside(Self.link("/proc/\(pid)/\(place)")), seen.insert(path).inserted {
                    reasons.append("\(Self.comm(pid)) (\(pid)) stands in it")
                }
            }
            for file in Self.names(in: "/proc/\(pid)/fd") {
                if let path = inside(Self.link("/proc/\(pid)/fd/\(file)")), seen.insert(path).inserted {
                    reasons.append("\(Self.comm(pid)) (\(pid)) has \(path.isEmpty ? "its root" : path) open")
                }
            }
        }
    }

    /// Loop devices on its disks.
    private mutating func addLoops() {
        for name in Self.names(in: "/sys/block") where name.hasPrefix("loop") {
            guard let file = try? String(contentsOfFile: "/sys/block/\(name)/loop/backing_file"),
                let path = inside(String(file.dropLast()))
            else { continue }
            reasons.append("/dev/\(name) stands on \(path)")
        }
    }

    /// Tasks at gates, and those that wait for others.
    private mutating func addTasks() {
        guard let text = try? String(contentsOfFile: mount + "/debug/tasks") else { return }
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard words.count == 6, words[5] != "-", words[2] != "R" else { continue }
            // `gate init_lock.down_write in zram_reset_device, 0.001 s`
            let wait = words[5].split(separator: ",").first ?? words[5]
            let parts = wait.split(separator: " ")
            if parts.first == "gate", parts.count > 1 {
                reasons.append(
                    "\(words[1]) (\(words[0])) is held at a gate; let it go: echo go > \(mount)/debug/points/\(parts[1])"
                )
            } else {
                reasons.append("\(words[1]) (\(words[0])) waits for \(wait)")
            }
        }
    }

    private mutating func addSwaps() {
        guard let text = try? String(contentsOfFile: mount + "/view/proc-swaps") else { return }
        for line in text.split(separator: "\n") where line.hasPrefix("/dev/zram") {
            let disk = line.split(separator: " ")[0]
            reasons.append("\(disk) is swap space")
        }
    }

    /// The rest of a path that lies in the mount.
    private func inside(_ path: String?) -> String? {
        guard let path else { return nil }
        return path == mount ? "" : path.hasPrefix(mount + "/") ? String(path.dropFirst(mount.utf8.count + 1)) : nil
    }

    /// Processes of other mount namespaces that show a file system.
    static func holders(of device: Substring) -> [String] {
        names(in: "/proc").filter { pid in
            Int32(pid) != nil && MountTable.ours(pid).contains { $0.device == device }
        }.map { "\(comm($0)) (\($0))" }
    }

    /// What a process calls itself, in letters that a terminal shows.
    private static func comm(_ pid: String) -> String {
        let name = (try? String(contentsOfFile: "/proc/\(pid)/comm")) ?? "?\n"
        return String(name.dropLast().unicodeScalars.map { (" "..."~").contains($0) ? Character($0) : "?" })
    }

    private static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let count = readlink(path, buffer.baseAddress!, buffer.count)
            return count < 0 ? nil : String(decoding: UnsafeRawBufferPointer(buffer)[..<count], as: UTF8.self)
        }
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }
}
