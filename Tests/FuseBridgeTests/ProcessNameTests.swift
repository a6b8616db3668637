import Glibc
import Testing

@testable import FuseBridge

@Suite("Names that others chose") struct ProcessNameTests {
    @Test("a process's name is one word that a log can show")
    func escapes() throws {
        let names = ["a \u{1b}[2J\nroot": #"a\040\033[2J\012root"#, #"b\c"#: #"b\134c"#, "plain": "plain"]
        for (name, shown) in names { #expect(try made(of: name) == shown) }
    }

    /// What the bridge makes of the name of a thread that calls itself so.
    private func made(of name: String) throws -> String {
        var link = [CChar](repeating: 0, count: 64)
        try #require(readlink("/proc/thread-self", &link, link.count - 1) > 0)
        let path = "/proc/" + String(decoding: link.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let before = try #require(SmallFile.read(path + "/comm"))
        try rename(path, name)
        defer { try? rename(path, String(before.dropLast())) }
        let thread = try #require(path.split(separator: "/").last.flatMap { Int32($0) })
        return Processes.comm(of: thread)
    }

    private func rename(_ path: String, _ name: String) throws {
        let file = try #require(fopen(path + "/comm", "w"))
        fputs(name, file)
        #expect(fclose(file) == 0)
    }
}
