import Testing
import Zram

@testable import Explorer

/// What is wrong at the end of a run is found by who refers to what, and a run goes on behind its first failure.
@Suite("the end check") struct EndCheckTests {
    private func verdicts(
        _ policy: String, _ scripts: [String: String], machine: String = ""
    ) throws -> [Verdict] {
        let scenario = try Scenario(name: "end", scripts: scripts, terminals: "", machine: machine)
        var options = ExploreOptions()
        options.isMinimising = false
        return explore(scenario, patches: Fixtures.patches(policy), options: options).verdicts
    }

    @Test("5.15 frees the table that a live device points to, and the new one leaks (R3)") func resetAgainstDisksize()
        throws
    {
        let scripts = [
            "setup": "echo 1M > $1/zram0/disksize", "a": "echo 1 > $1/zram0/reset",
            "b": "echo 1M > $1/zram0/disksize",
        ]
        #expect(try verdicts("5.15", scripts) == [.dangling, .leak])
        #expect(try verdicts("5.16", scripts) == [.proved])
    }

    @Test("an idle device beside it does not hide what a removed one leaks") func idleDevice() throws {
        let scripts = ["a": "echo 1M > $1/zram0/disksize", "b": "echo 0 > $1/zram-control/hot_remove"]
        let beside = scripts.merging(["setup": "cat $1/zram-control/hot_add"]) { $1 }
        #expect(try verdicts("5.15", scripts) == [.leak])
        #expect(try verdicts("5.15", beside) == [.leak])
        #expect(try verdicts("5.16", beside) == [.proved])
    }

    @Test("two compressors of a healthy device are no leak") func twoCompressors() throws {
        let scripts = [
            "setup": "echo algo=zstd > $1/zram0/recomp_algorithm\necho 1M > $1/zram0/disksize",
            "a": "cat $1/zram0/initstate",
        ]
        #expect(try verdicts("5.16", scripts, machine: "abi=6.18") == [.proved])
    }

    @Test("what a warning leaves behind is told as well") func behindAWarning() throws {
        let scripts = ["a": "echo 1M > $1/zram0/disksize", "b": "echo zram > $1/debug/delete_module"]
        #expect(try verdicts("5.15", scripts) == [.instancesLeft, .leak])
    }

    @Test("a device that outlives its module leads into freed code") func survivor() throws {
        let scripts = ["a": "echo 1 > $1/zram0/reset", "b": "echo zram > $1/debug/delete_module"]
        #expect(try verdicts("5.15", scripts).contains(.dangling))
    }

    @Test("who waits for a killed task is no deadlock: the oops says it all") func behindAnOops() throws {
        let scripts = [
            "setup": "echo fsl_mpic_timer_wakeup > $1/debug/init_module", "a": "echo 5 > $1/mpic/timer_wakeup",
            "b": "echo fsl_mpic_timer_wakeup > $1/debug/delete_module\n"
                + "echo fsl_mpic_timer_wakeup > $1/debug/init_module",
        ]
        let found = try verdicts("5.16", scripts)
        #expect(found.contains(.useAfterFree) && !found.contains(.deadlock))
    }

    @Test("two readers without an end do not keep a writer out", arguments: ["5.15", "5.16"])
    func endlessReaders(policy: String) throws {
        let reader = "while true; do cat $1/zram0/initstate; done"
        let scripts = ["a": reader, "b": reader + " # another", "c": "echo 1M > $1/zram0/disksize"]
        #expect(try verdicts(policy, scripts) == [.proved])
    }
}
