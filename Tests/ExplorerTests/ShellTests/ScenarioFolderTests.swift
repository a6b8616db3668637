import Foundation
import Testing

@testable import Explorer

/// A file that cannot be read is an error, never an empty one.
@Suite("A scenario's folder")
struct ScenarioFolderTests: ~Copyable {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "zramfs-folder.\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write("a.sh", Data("cat $1/zram0/initstate\n".utf8))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ name: String, _ data: Data) throws { try data.write(to: folder.appending(path: name)) }

    private func error() -> String? {
        do {
            _ = try Scenario(folder: folder.path)
            return nil
        } catch {
            return String(String(describing: error).drop { $0 != "/" }.dropFirst())
        }
    }

    @Test("as it is") func whole() throws {
        #expect(error() == nil)
        for file in ["description", "terminals", "refused", "machine", "expected"] {
            try write(file, Data("\n# x\n\n".utf8))
        }
        #expect(error() == nil)
    }

    @Test(
        "bytes that are not UTF-8", arguments: ["b.sh", "refused", "description", "terminals", "expected", "machine"])
    func bytes(name: String) throws {
        try write(name, Data([0x23, 0x0a, 0x23, 0xe9, 0x0a]))
        #expect(error() == "\(name):2: the explorer cannot read bytes that are not UTF-8")
    }

    @Test(
        "links that lead nowhere, folders, pipes, large files", arguments: ["b.sh", "setup.sh", "refused", "expected"])
    func kinds(name: String) throws {
        let path = folder.appending(path: name).path
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
        #expect(error()?.hasPrefix("\(name): it cannot be read: No such file") == true)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(error() == "\(name): it is no regular file")
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(error() == "\(name): it is no regular file")
        try FileManager.default.removeItem(atPath: path)
        try write(name, Data(repeating: UInt8(ascii: "#"), count: 1 << 17))
        #expect(error() == "\(name): it has more than 65536 bytes")
    }

    @Test(
        "lines that are none",
        arguments: [
            ("terminals", "*", 1), ("terminals", "**", 1), ("terminals", "a*", 1), ("terminals", "*2", 1),
            ("terminals", "a*0", 1), ("terminals", "a*17", 1), ("terminals", "a*99999999999999999999", 1),
            ("terminals", "a*2\na*3", 2), ("terminals", "b*2", 1), ("terminals", "setup*2", 1),
            ("terminals", "a*2\r\n", 1),
            ("refused", "EBUSY\nENODEF", 2), ("refused", "EBUSY;ENOENT", 1), ("refused", "EBUSY\r\n", 1),
            ("expected", "5.15: proven", 1), ("expected", "5.17: proved", 1), ("expected", "5.15:", 1),
            ("expected", "5.15: proved\n5.15: leak", 2), ("expected", "a.sh:9: ENOENT", 1),
            ("expected", "a.sh:1: ENOTHING", 1),
            ("expected", "5.15: proved\r\n", 1), ("machine", "abi=6.18\nram=1", 2),
            ("a.sh", "cat $1/zram0/initstate\r\n", 1),
        ])
    func lines(name: String, text: String, line: Int) throws {
        try write(name, Data(text.utf8))
        #expect(error()?.hasPrefix("\(name):\(line): ") == true, "\(error() ?? "none")")
    }

    @Test("errnos between commas are errnos") func commas() throws {
        try write("refused", Data("EBUSY, ENODEV,EINVAL\n# these\nEIO".utf8))
        #expect(try Scenario(folder: folder.path).refused.count == 4)
    }
}

@Suite("Scripts at random")
struct ScriptFuzzTests {
    private static let parts = [
        "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "!", "&&", "||", ";", "\n",
        " ", "'", "\"",
        "\\", "$", "$1", "$x", "${x}", "${", "x=", "x", "[", "]", "-e", "=", ">", "<", ">&", "<&", "2", "3", "-", "/",
        "zram0",
        "reset", "echo", "cat", "exec", "exit", "test", "printf", "%s", "\\n", "#", "true", "|", "&", "(", ")", "`",
        "*", "~", "\u{e9}",
        "\r", "\0", "\t", "/dev/null", "$1/zram0/reset", "umount", "-l", "rmmod", "zram", ":", "$?", "sleep", "\u{301}",
    ]

    static func text(_ random: inout SplitMix) -> String {
        (0..<Int.random(in: 1...24, using: &random)).map { _ in
            parts.randomElement(using: &random)! + (Bool.random(using: &random) ? " " : "")
        }.joined()
    }

    /// `ZRAMFS_SCRIPTS=1000000` for a long run.
    static let count = ProcessInfo.processInfo.environment["ZRAMFS_SCRIPTS"].flatMap(Int.init) ?? 20_000

    @Test("no text crashes it, and what it accepts bash accepts") func random() throws {
        var random = SplitMix(state: 14)
        var accepted: [String] = []
        for _ in 0..<Self.count {
            let text = Self.text(&random)
            if (try? Script(name: "a", text: text, file: "a.sh")) != nil { accepted.append(text) }
            _ = try? Scenario(
                name: "s", scripts: ["a": "true"], terminals: text, expected: text, refused: text, machine: text)
        }
        #expect(accepted.count > Self.count / 1000)
        for text in Set(accepted).sorted().prefix(300) {
            let bash = Process()
            bash.executableURL = URL(filePath: "/bin/bash")
            bash.arguments = ["-n", "-c", text]
            bash.standardError = FileHandle.nullDevice
            try bash.run()
            bash.waitUntilExit()
            #expect(bash.terminationStatus == 0, "\(text)")
        }
        for text in ["\(String(repeating: "if ", count: 100_000))", String(repeating: "!", count: 60_000)] {
            #expect(throws: ScenarioError.self) { try Script(name: "a", text: text, file: "a.sh") }
        }
    }
}
