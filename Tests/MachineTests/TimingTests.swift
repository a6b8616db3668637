import DriverModel
import Foundation
import KernelCore
import SystemPackage
import Testing

@testable import Machine

/// The time that slow functions of a live kernel take.
@Suite("Timing")
struct TimingTests {
    @Test("each function that spends time is in the table, of each kernel, and none is there in vain")
    func functions() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources").standardized
        var named: Set<String> = []
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /\.spend\("(\w+)"/) { named.insert(String(match.1)) }
        }
        #expect(named.count > 10)
        for abi in ABI.allCases { #expect(Set(Durations.table(abi).map(\.function)) == named, "\(abi.rawValue)") }
    }

    @Test("a removal waits for its grace periods, one after another, while a store goes on")
    func removal() throws {
        let machine = try LiveMachine { $0.timing = 1 }
        let alarms = machine.alarms()
        let removal = machine.rmmod()
        #expect(removal.result == nil && alarms.list.count == 1)
        // The disk has lost its data, its files are still there: the window of the race.
        #expect(machine.echo("1M", "/zram0/disksize").result == nil)
        var rings = 0
        while !alarms.list.isEmpty, rings < 100 {
            machine.isolation.run { alarms.list.removeFirst().ring() }
            rings += 1
        }
        #expect(removal.text != nil && rings > 5)
    }

    @Test("debug/timing says and changes what functions take")
    func knob() throws {
        let machine = try LiveMachine()
        let file = "/debug/timing"
        #expect(machine.cat(file).text == "off\n")
        #expect(machine.echo("synchronize_rcu 5", file).errno == .invalidArgument)
        #expect(machine.echo("smp", file).text != nil)
        #expect(machine.echo("synchronize_rcu 5 7.5", file).text != nil)
        #expect(machine.echo("0.5", file).text != nil)
        let lines = try #require(machine.cat(file).text).split(separator: "\n").map(String.init)
        #expect(lines[0] == "factor 0.5")
        #expect(lines.contains { $0.split(separator: " ").prefix(4) == ["synchronize_rcu", "5", "7.5", "call"] })
        for word in [
            "", "0", "-1", "nan", "on", "no_function 1", "vzalloc x", "vzalloc 2 1", "vzalloc 1 2 3", "vzalloc -1",
        ] {
            #expect(machine.echo(word, file).errno == .invalidArgument, "\(word)")
        }
        #expect(machine.echo("off", file).text != nil)
        #expect(machine.cat(file).text == "off\n")
    }
}

extension LiveMachine {
    /// Alarms that were asked for and have not rung: time stands still.
    final class Alarms {
        var list: [(nanoseconds: UInt64, ring: () -> Void)] = []
    }

    /// Takes the host's clock's place.
    func alarms() -> Alarms {
        let alarms = Alarms()
        machine.kernel.alarm = { alarms.list.append(($0, $1)) }
        return alarms
    }
}
