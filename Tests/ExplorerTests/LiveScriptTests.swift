import Testing
import Zram

@testable import Explorer

@Suite("Scripts that real shells run") struct LiveScriptTests {
    @Test("a word is quoted unless it is plain")
    func words() {
        #expect(LiveScript.word("zram_index_mutex.lock") == "zram_index_mutex.lock")
        #expect(LiveScript.word("") == "''")
        #expect(LiveScript.word("a b") == "'a b'")
        #expect(LiveScript.word("$(x)`y`\"'\n") == "'$(x)`y`\"'\\''\n'")
    }

    @Test("names of folders and scripts begin no line")
    func names() throws {
        #expect(throws: ScenarioError.self) { try Scenario(name: "x\ntouch evil", scripts: ["a": "true"]) }
        #expect(throws: ScenarioError.self) { try Scenario(name: "x", scripts: ["a\ntouch evil": "true"]) }
        let evil = "x; touch evil; $(touch evil)"
        let scenario = try Scenario(
            name: evil,
            scripts: [
                evil: "rmmod zram", "writer": "echo 1M > $1/zram0/disksize",
                "setup": "# nothing\necho 1 > $1/zram0/reset",
            ])
        let schedule = try #require(explore(scenario, patches: [.zramUp]).findings.first).schedule
        let text = try script(for: schedule, scenario: scenario, patches: [.zramUp], policy: evil)
        #expect(!text.contains { $0 == "\r" })
        for line in text.split(separator: "\n") where line.contains("evil") {
            let code = line.prefix { $0 != "#" }
            #expect(!code.contains("evil"), "\(line)")
        }
    }

    @Test("text of a script stays as it is, behind the mount's own rmmod")
    func text() {
        let file = LiveScript.file("# remover\nrmmod zram")
        #expect(file.hasSuffix("\n# remover\nrmmod zram\n"))
        #expect(file.contains("rmmod() {") && file.contains("modprobe() {") && file.contains("umount() {"))
    }

    @Test(
        "a command within a command is refused, in single quotes it is text",
        arguments: ["`reboot`", "\"`reboot`\"", "a$(reboot)", "\"$(reboot)\""])
    func substitution(_ word: String) throws {
        #expect(throws: ScenarioError.self) { try Scenario(name: "s", scripts: ["a": "echo \(word) > $1/zram0/reset"]) }
        _ = try Scenario(name: "s", scripts: ["a": "echo '\(word)' > $1/zram0/reset"])
    }
}
