import KernelCore
import Testing
import Zram

@testable import Explorer

@Suite("Shell")
struct ShellTests {
    @Test(
        "what cannot be read is named with file and line",
        arguments: [
            ("true\nls /", 2, "ls"), ("cat a | cat b", 1, "pipe"), ("true &", 1, "background"),
            ("echo $(cat x)", 1, "$("), ("cat $1/zram0/*", 1, "pattern"), ("for i in 1 2; do\necho $i", 2, "done"),
            ("echo 'a", 1, "quote"),
        ])
    func errors(text: String, line: Int, what: String) throws {
        let error = #expect(throws: ScenarioError.self) { try Scenario(name: "s", scripts: ["a": text]) }
        #expect(error?.line == line && error?.file == "s/a.sh")
        #expect(error?.description.contains(what) == true, "\(error!)")
    }

    @Test(
        "a script does what sh would",
        arguments: [
            ("false || echo a && echo b", "a\nb\n"), ("for i in 1 2; do echo -n $i; done", "12"),
            ("x=5; [ $x = 5 ] && echo yes", "yes\n"), ("false; echo $?", "1\n"),
            ("! true || echo 'no $x' \"it\"", "no $x it\n"), ("printf 'a%sb\\n' 1", "a1b\n"),
            ("if false; then echo a; else echo b; fi # c", "b\n"),
            ("i=a; until [ $i = b ]; do i=b; echo once; done", "once\n"),
            ("cat $1/zram0/initstate", "0\n"),
            ("exec 3> $1/zram0/disksize; echo 1M >&3; cat $1/zram0/initstate", "1\n"),
            ("echo 1 > $1/zram0/test_firmware", "bash: /mnt/zram0/test_firmware: Permission denied\n"),
            ("echo 1 > $1/zram9/reset; echo $?", "bash: /mnt/zram9/reset: No such file or directory\n1\n"),
            ("echo 0 > $1/zram0/disksize || echo $?", "bash: echo: write error: Invalid argument\n1\n"),
        ])
    func runs(text: String, output: String) throws {
        let scenario = try Scenario(name: "s", scripts: ["a": text])
        #expect(ShellTests.shown(scenario) == output)
    }

    /// What the terminals show, one after the other.
    static func shown(_ scenario: Scenario) -> String {
        let executor = KernelExecutor()
        defer { executor.retire() }
        var text = ""
        let run = Run(Setting(scenario, []), executor: executor, memory: EmptyMemory()) { text += $1 }
        while run.failure == nil, let next = run.tasks.indices.first(where: { run.isEnabled($0) }) { run.step(next) }
        for terminal in run.terminals { terminal.onText = nil }
        return text + (run.failure.map { "[\($0.verdict.rawValue): \($0.what)]" } ?? "")
    }
}

@Suite("The machine of a scenario")
struct ScenarioMachineTests {
    private func scenario(_ machine: String) throws -> Scenario {
        try Scenario(
            name: "m",
            scripts: ["a": "cat $1/zram0/recomp_algorithm", "b": "echo 0 > $1/cpu/cpu3/online"], machine: machine)
    }

    private func usual(_ machine: String) throws -> Scenario {
        try Scenario(
            name: "m", scripts: ["a": "cat $1/zram0/initstate", "b": "echo 0 > $1/cpu/cpu1/online"], machine: machine)
    }

    @Test("is read, shown, and explored") func machine() throws {
        #expect(try usual("").machineOptions.isEmpty)
        #expect(try usual("abi=5.15 cpus=2\n").machineOptions.isEmpty)
        let other = try scenario("cpus=4\nabi=6.18\n")
        #expect(other.machineOptions == "abi=6.18,cpus=4")
        #expect(try ScenarioText(usual("cpus=4\nabi=6.18\n")).fingerprint != ScenarioText(usual("")).fingerprint)
        #expect(explore(other, patches: []).isProved)
        // Neither the file nor the CPU is there.
        let error = #expect(throws: ScenarioError.self) { try scenario("") }
        #expect(error?.description == "m/a.sh:1: no file of the machine is called 'recomp_algorithm'")
        #expect(throws: ScenarioError.self) { try scenario("abi=6.18") }
        let outcome = explore(other, patches: [])
        #expect(Proof(outcome, of: other)?.verify().result == .holds)
        for wrong in ["abi=4.4", "cpus=0", "cpus=65", "ram=1G", "abi"] {
            #expect(throws: ScenarioError.self) { try scenario(wrong) }
        }
    }
}
