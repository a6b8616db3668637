import Foundation
import KernelCore
import Testing
import Zram

@testable import Explorer

/// bash on a mount beside the explorer's terminal: the same outputs, statuses and files.
@Suite("The shell beside bash", .enabled(if: Mount.isUsable, "needs root, /dev/fuse and a built zramfs"))
struct DifferentialTests {
    /// `ZRAMFS_SCRIPTS=5000` for a long run, `ZRAMFS_SEED` for the first.
    static let count = ProcessInfo.processInfo.environment["ZRAMFS_SCRIPTS"].flatMap(Int.init) ?? 60
    static let first = ProcessInfo.processInfo.environment["ZRAMFS_SEED"].flatMap(Int.init) ?? 1

    /// What is there when a script has ended.
    private static let look = """
        exec 2> /dev/null
        for f in zram0/disksize zram0/initstate zram0/comp_algorithm zram1/disksize zram2/initstate cpu/cpu1/online; do
        echo "$f"; cat $1/$f; echo $?
        done
        for f in zram0 zram1 test_sysfs0 module/zram module/test_sysfs; do [ -d $1/$f ]; echo "$f $?"; done
        """

    private static func explored(_ text: String) throws -> (output: String, status: Int32)? {
        let scenario = try Scenario(name: "s", scripts: ["a": text, "b": look])
        let executor = KernelExecutor()
        defer { executor.retire() }
        // What comes before its first step, the second shows at once.
        var outputs = ["", ""]
        let run = Run(Setting(scenario, []), executor: executor, memory: EmptyMemory()) { outputs[$0] += $1 }
        while run.failure == nil, let next = run.tasks.indices.first(where: { run.isEnabled($0) }) { run.step(next) }
        for terminal in run.terminals { terminal.onText = nil }
        return run.failure == nil ? (outputs.joined(), run.terminals[0].state.status) : nil
    }

    @Test("generated scripts of the whole subset") func generated() throws {
        let mount = try Mount()
        defer { mount.end() }
        var compared = 0
        var wrong: [String] = []
        for seed in Self.first..<(Self.first + Self.count) {
            var script = GeneratedScript(seed: UInt64(seed))
            let text = script.text()
            let mine: (output: String, status: Int32)?
            do { mine = try Self.explored(text) } catch let error as ScenarioError {
                #expect(error.what.contains("cannot read"), "\(seed): \(error)\n\(text)")
                continue
            }
            guard let mine else { continue }
            try mount.reboot()
            let bash = try mount.run(text)
            let after = try mount.run(Self.look)
            compared += 1
            if bash.status != mine.status || bash.output + after.output != mine.output {
                wrong.append(
                    "seed \(seed): bash \(bash.status), here \(mine.status)\n\(text)--- bash\n\(bash.output)\(after.output)--- here\n"
                        + mine.output)
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(compared): \(wrong.prefix(3).joined(separator: "\n====\n"))")
        #expect(compared > Self.count / 3, "\(compared) of \(Self.count)")
    }
}

/// A mount of its own for shells.
struct Mount {
    private static let program = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../.build/debug/zramfs").standardizedFileURL.path
    static let isUsable =
        geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0 && access(program, X_OK) == 0
        || ProcessInfo.processInfo.environment["CI"] != nil
    private let folder: String
    private var path: String { folder + "/mnt" }

    init() throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/zramfs-shell.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        // Its daemon must not hold on to our pipe.
        try #require(try Self.run(Self.program, ["mount", path], shows: false).status == 0)
    }

    func end() {
        try? Data("b".utf8).write(to: URL(filePath: path + "/sysrq-trigger"))
        _ = try? Self.run(Self.program, ["umount", path], shows: false)
        umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A fresh kernel.
    func reboot() throws {
        try write("b", "sysrq-trigger")
        for _ in 0..<5000 {
            if (try? String(contentsOfFile: path + "/module/zram/initstate", encoding: .utf8)) == "live\n" { return }
            usleep(1000)
        }
        Issue.record("the kernel does not come up again")
    }

    private func write(_ text: String, _ file: String) throws {
        let descriptor = open("\(path)/\(file)", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    }

    /// Runs a script as a person would, with the mount as its argument.
    func run(_ text: String) throws -> (output: String, status: Int32) {
        try text.write(toFile: folder + "/script", atomically: false, encoding: .utf8)
        let (output, status) = try Self.run(
            "/usr/bin/timeout", ["-s", "KILL", "20", "/bin/bash", folder + "/script", path])
        return (output.replacing(path, with: Terminal.mount), status)
    }

    /// By `popen`: Foundation's process waits for a daemon that it started.
    private static func run(
        _ program: String, _ arguments: [String], shows: Bool = true
    ) throws -> (output: String, status: Int32) {
        let command =
            ([program] + arguments).joined(separator: " ") + " < /dev/null" + (shows ? "" : " > /dev/null 2>&1")
        let pipe = try #require(popen(command, "r"))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer[..<count] }
        let status = pclose(pipe)
        return (String(decoding: bytes, as: UTF8.self), status & 0x7f == 0 ? status >> 8 & 0xff : -1)
    }
}
