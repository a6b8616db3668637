import Testing

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
            ("echo 1 > $1/zram0/nothing", "bash: /mnt/zram0/nothing: Permission denied"),
            ("echo 1 > $1/zram9/reset; echo $?", "bash: /mnt/zram9/reset: No such file or directory1\n"),
            ("echo 0 > $1/zram0/disksize || echo $?", "bash: echo: write error: Invalid argument1\n"),
        ])
    func runs(text: String, output: String) throws {
        let scenario = try Scenario(name: "s", scripts: ["a": text])
        let setting = Setting(scenario, [])
        var steps: [Int] = []
        while true {
            let replayed = try replay(steps, setting) { _, _ in }
            guard (try? replay(steps + [0], setting) { _, _ in }) != nil else {
                #expect(replayed.texts.map(\.text).joined() == output)
                return
            }
            steps.append(0)
        }
    }
}
