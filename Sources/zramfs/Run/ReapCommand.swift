import ArgumentParser
import CRunShims
import Glibc

/// Ends everything in a namespace of `run` when `run` has ended, however it ended: kill -9 included.
struct ReapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reap", shouldDisplay: false)

    @Option var descriptor: Int32
    @Option var owner: Int32
    @Argument var base: String

    func run() throws {
        for signal in [SIGINT, SIGTERM, SIGHUP] { Glibc.signal(signal, SIG_IGN) }
        chdir("/")
        // Nobody writes: the end is the end of the owner.
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) < 0, errno == EINTR {}
        NamespaceMembers(except: [getpid(), owner]).kill()
        endSwapping()
        umount2(base, Int32(MNT_DETACH))
        rmdir(base)
    }

    /// Somebody may have called swapon(2) past our stand-in: the host must not swap to what is about to end.
    ///
    /// It takes block devices only. A file is left alone: opening it would wait for the simulated kernel, for ever if
    /// somebody there keeps `open_mutex`.
    private func endSwapping() {
        guard let stream = opendir("/dev") else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("zram"), entry.pointee.d_type == UInt8(DT_BLK) { _ = zr_swapoff("/dev/\(name)") }
        }
    }
}

/// The processes that live in the caller's mount namespace.
struct NamespaceMembers {
    private let spared: Set<Int32>
    private let own = Self.namespace(of: "self")

    init(except spared: Set<Int32>) { self.spared = spared }

    /// Kills them, those that they start meanwhile included, until none is left.
    func kill() {
        for round in 0..<2000 {
            let members = pids
            if members.isEmpty { return }
            for pid in members { Glibc.kill(pid, SIGKILL) }
            if round > 0 { usleep(5000) }
        }
    }

    /// All of them, but for those spared and the dead.
    var pids: [Int32] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var found: [Int32] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = Int32(name), !spared.contains(pid), let other = Self.namespace(of: name), other == own
            else {
                continue
            }
            found.append(pid)
        }
        return found
    }

    private static func namespace(of process: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/\(process)/ns/mnt", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
