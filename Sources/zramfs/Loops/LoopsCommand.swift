import ArgumentParser
import CRunShims
import Glibc

/// Has the loop devices of a mount open, in a process of its own: whoever closes one last waits for its dirty pages, and
/// the daemon would wait for itself.
///
/// Requests come line by line, each gets a line. When the daemon is gone, however it ended, so are the devices; and
/// they are, too, if this process is killed, for the last close detaches them.
struct LoopsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "loops", shouldDisplay: false)

    @Argument var mountPoint: String

    func run() throws {
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { Glibc.signal(signal, SIG_IGN) }
        chdir("/")
        var channel = LineChannel(3)
        var loops = HeldLoops(mountPoint)
        while let line = channel.read() {
            guard channel.write(loops.answer(line)) else { break }
        }
        loops.end()
    }
}

/// Lines over a descriptor.
struct LineChannel {
    let descriptor: Int32
    private var pending: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next line; nil at the end, or if none came in so many milliseconds.
    mutating func read(within milliseconds: Int32 = -1) -> String? {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wanted, 1, milliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            pending += buffer[..<count]
        }
    }

    /// - Returns: false if nobody reads any more.
    func write(_ line: String) -> Bool {
        let text = line + "\n"
        return send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count
    }
}

/// The loop devices, by the numbers that the daemon gave them.
struct HeldLoops {
    private struct Loop {
        let number: Int32
        let descriptor: Int32
    }

    /// How long to wait for others to close a device before it is left to them.
    private static let patience: UInt64 = 2_000_000_000
    private let mountPoint: String
    private var loops: [Int: Loop] = [:]
    /// Devices that were not there before us.
    private var made: Set<Int32> = []

    init(_ mountPoint: String) { self.mountPoint = mountPoint }

    /// `attach ID NAME`: the device's numbers. `detach ID`, `resize ID NAME`. `look`: the IDs that somebody has open;
    /// the others were detached and attached again. `end`. An error is `! ERRNO`.
    mutating func answer(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        let id = words.count > 1 ? Int(words[1]) ?? -1 : -1
        switch words.first {
        case "attach" where words.count == 3: return attach(id, words[2])
        case "detach": detach(id)
        case "resize" where words.count == 3: resize(id, words[2])
        case "look": return look(Array(words.dropFirst()))
        case "end": end()
        default: return "! \(EINVAL)"
        }
        return "ok"
    }

    private mutating func attach(_ id: Int, _ name: String, again number: Int32? = nil) -> String {
        let backing = open("\(mountPoint)/view/backing/\(name)", O_RDWR | O_CLOEXEC)
        guard backing >= 0 else { return "! \(errno)" }
        defer { close(backing) }
        // Somebody else may take the free one first.
        var candidate = number ?? free()
        for _ in 0..<16 where candidate >= 0 {
            let descriptor = open("/dev/loop\(candidate)", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { break }
            if zr_loop_attach(descriptor, backing, 4096) == 0 {
                loops[id] = Loop(number: candidate, descriptor: descriptor)
                var major: UInt32 = 0
                var minor: UInt32 = 0
                zr_device_number(descriptor, &major, &minor)
                return "\(major) \(minor)"
            }
            let error = errno
            close(descriptor)
            errno = error
            guard error == EBUSY else { break }
            candidate = free()
        }
        return "! \(errno)"
    }

    /// An unused device, which the host makes if there is none.
    private mutating func free() -> Int32 {
        let before = Self.devices
        let number = zr_loop_free()
        if number >= 0, !before.contains(number) { made.insert(number) }
        return number
    }

    private static var devices: Set<Int32> {
        guard let stream = opendir("/sys/block") else { return [] }
        defer { closedir(stream) }
        var found: Set<Int32> = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("loop"), let number = Int32(name.dropFirst(4)) { found.insert(number) }
        }
        return found
    }

    private mutating func detach(_ id: Int) {
        guard let loop = loops.removeValue(forKey: id) else { return }
        let isFree = zr_loop_detach(loop.descriptor) == 0
        close(loop.descriptor)
        if isFree { remove(loop.number) }
    }

    /// Whoever looks at new devices, udev, may have it open for a moment.
    private mutating func remove(_ number: Int32) {
        guard made.remove(number) != nil else { return }
        for _ in 0..<20 where zr_loop_remove(number) < 0 && errno == EBUSY { usleep(2000) }
    }

    /// Asks the file for its size, which tells the host's kernel too: the loop device believes what that knows.
    private func resize(_ id: Int, _ name: String) {
        var status = stat()
        guard let loop = loops[id], stat("\(mountPoint)/view/backing/\(name)", &status) == 0 else { return }
        _ = zr_loop_resize(loop.descriptor)
    }

    /// - Parameter names: `ID=NAME` for each device.
    private mutating func look(_ names: [String]) -> String {
        var busy: [Int] = []
        for word in names {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let id = Int(parts[0]), let loop = loops[id] else { continue }
            guard zr_loop_detach(loop.descriptor) == 0 else {
                busy.append(id)
                continue
            }
            loops[id] = nil
            close(loop.descriptor)
            _ = attach(id, String(parts[1]), again: loop.number)
        }
        let lost = names.compactMap { $0.split(separator: "=").first.flatMap { Int($0) } }.filter { loops[$0] == nil }
        return (busy.map(String.init) + lost.map { "-\($0)" }).joined(separator: " ")
    }

    /// Detaches them all: at once if nobody has them open; else waits a while, and leaves them to whoever has.
    mutating func end() {
        let start = Host.now
        while !loops.isEmpty {
            for (id, loop) in loops {
                _ = zr_swapoff("/dev/loop\(loop.number)")
                if zr_loop_detach(loop.descriptor) == 0 || Host.now - start > Self.patience { detach(id) }
            }
            if !loops.isEmpty { usleep(5000) }
        }
    }
}
