import KernelCore
import Testing
import Zram

@testable import Explorer

/// All that a terminal's future depends on is in the fingerprint: two states that differ are never taken for one.
@Suite("A terminal's state")
struct TerminalStateTests {
    @Test("each property is in the fingerprint") func properties() {
        let base = TerminalState()
        var changed: [String: TerminalState] = [:]
        func change(_ name: String, _ body: (inout TerminalState) -> Void) {
            var state = base
            body(&state)
            changed[name] = state
        }
        change("place") { $0.place = 1 }
        change("status") { $0.status = 1 }
        change("variables") { $0.variables["f"] = "reset" }
        change("loops") { $0.loops = [TerminalState.Loop(words: [])] }
        change("descriptors") { $0.descriptors[0] = nil }
        let names = Mirror(reflecting: base).children.compactMap(\.label)
        #expect(Set(names) == Set(changed.keys))
        #expect(Set(changed.values.map(\.fingerprint) + [base.fingerprint]).count == names.count + 1)
        let loop = TerminalState.Loop(words: [])
        #expect(Mirror(reflecting: loop).children.compactMap(\.label) == ["words", "status"])
        let description = OpenDescription(.null, reads: true, writes: false)
        #expect(
            Mirror(reflecting: description).children.compactMap(\.label) == [
                "kind", "isReadable", "isWritable", "offset",
            ])
    }

    @Test("values, lists, statuses, descriptors, their modes, positions and sharing are told apart") func values() {
        var prints: Set<UInt64> = []
        var count = 0
        func add(_ body: (inout TerminalState) -> Void) {
            var state = TerminalState()
            body(&state)
            prints.insert(state.fingerprint)
            count += 1
        }
        add { _ in }
        for value in ["", "reset", "compact"] { add { $0.variables["f"] = value } }
        add { $0.variables["g"] = "reset" }
        for words in [["a"], ["a", "b"], ["b"], []] { add { $0.loops = [TerminalState.Loop(words: words)] } }
        add { $0.loops = [TerminalState.Loop(words: [], status: 1)] }
        for number in 0..<10 { add { $0.descriptors[number] = OpenDescription(.null, reads: true, writes: false) } }
        add { $0.descriptors[1] = OpenDescription(.null, reads: false, writes: true) }
        add { $0.descriptors[1] = OpenDescription(.null, reads: true, writes: true) }
        for number in 0..<3 { add { $0.descriptors[number] = nil } }
        add {
            let moved = OpenDescription(.null, reads: true, writes: false)
            moved.offset = 2
            $0.descriptors[3] = moved
        }
        add {
            let shared = OpenDescription(.null, reads: true, writes: false)
            ($0.descriptors[3], $0.descriptors[4]) = (shared, shared)
        }
        add {
            $0.descriptors[3] = OpenDescription(.null, reads: true, writes: false)
            $0.descriptors[4] = OpenDescription(.null, reads: true, writes: false)
        }
        #expect(prints.count == count)
    }

    private func verdicts(_ first: String, _ policy: String = "v8-11") throws -> [[Verdict]] {
        let scenario = try Scenario(
            name: "s",
            scripts: ["a": first, "b": "cat $1/zram-control/hot_add", "c": "echo zram > $1/debug/delete_module"])
        // The walk without any reduction but that equal states are one is the judge.
        return [Reductions.all, .all.subtracting(.recalledSteps)].map { reductions in
            var options = ExploreOptions()
            options.reductions = reductions
            options.isMinimising = false
            return explore(scenario, patches: Fixtures.patches(policy), options: options).verdicts
        }
    }

    @Test(
        "what a branch leaves behind is not forgotten",
        arguments: [
            ("for f in reset; do true; done", "for f in compact; do true; done"), ("f=reset", "f=compact"),
            ("for f in compact; do true; done", "for f in reset; do true; done"),
        ])
    func branches(one: String, other: String) throws {
        let text = "if [ -e $1/zram1/reset ]; then \(one); else \(other); fi; echo 1 > $1/zram0/$f"
        #expect(try verdicts(text) == [[.deadlock], [.deadlock]])
    }

    @Test(
        "nor descriptors",
        arguments: [
            ("exec 1> $1/zram0/reset", "exec 1> /dev/null"), ("exec 1> $1/zram0/reset", "true"),
            ("exec 0> $1/zram0/reset; exec 1>&0", "exec 1< $1/zram0/reset"),
        ])
    func descriptors(one: String, other: String) throws {
        for (one, other) in [(one, other), (other, one)] {
            let text = "exec 2> /dev/null; if [ -e $1/zram1/reset ]; then \(one); else \(other); fi; echo 1"
            #expect(try verdicts(text).allSatisfy { $0.contains(.deadlock) }, "\(one), \(other)")
        }
    }

    @Test("a write through a descriptor for reading runs no store") func reading() throws {
        let scenario = try Scenario(
            name: "s", scripts: ["a": "exec 3< $1/zram0/comp_algorithm; echo lz4 >&3; echo $?; cat <&3; cat <&3"])
        let text = ShellTests.shown(scenario)
        #expect(text.hasPrefix("bash: echo: write error: Bad file descriptor\n1\n"))
        // The second reads on from where the first came to.
        #expect(text.split(separator: "\n").count == 3)
    }
}

/// The attribute files that are left out are none that a script opens.
@Suite("Named files")
struct NamedFileTests {
    @Test(
        "a name that is put together is a name",
        arguments: [
            "f=reset; echo 1 > $1/zram0/$f", "x=re; echo 1 > $1/zram0/${x}set", "echo 1 > $1/zram0/'res'et",
            "echo 1 > $1/zram0/re\\set", "echo 1 > \"$1\"/zram0/\"re\"set",
            "x=re; y=$x; z=${y}set; echo 1 > $1/zram0/$z",
            "for d in zram0/reset; do echo 1 > $1/$d; done", "x='zram0/reset'; echo 1 > $1/$x",
            "echo 1 > $1//zram0//reset",
            "x=; for i in r e s e t; do x=$x$i; done; echo 1 > $1/zram0/$x", "exec 3> $1/zram0/re\"set\"; echo 1 >&3",
        ])
    func assembled(text: String) throws {
        let scenario = try Scenario(
            name: "s", scripts: ["a": text, "b": "echo zram > $1/debug/delete_module"])
        var options = ExploreOptions()
        options.isMinimising = false
        let patches = Fixtures.patches("v8-11")
        let named = explore(scenario, patches: patches, options: options)
        options.reductions.remove(.namedFiles)
        let whole = explore(scenario, patches: patches, options: options)
        #expect(named.verdicts == [.deadlock] && whole.verdicts == [.deadlock])
    }

    @Test("the names of a list are names; what cannot be told keeps all") func lists() throws {
        let known = try Script(
            name: "a", text: "for f in reset disksize; do cat $1/zram0/$f; done # compact", file: "a")
        #expect(
            known.names?.isSuperset(of: ["reset", "disksize"]) == true && known.names?.contains("compact") == false)
        for text in ["cat $1/zram$?/reset", "x=a; while true; do x=${x}b; cat $1/$x; done"] {
            #expect(try Script(name: "a", text: text, file: "a").names == nil)
        }
        let split = try Script(
            name: "a", text: "x='re dis'; for f in $x; do cat $1/zram0/${f}set; done", file: "a")
        #expect(split.names?.contains("reset") == true)
    }
}
