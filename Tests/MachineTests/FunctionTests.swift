import Foundation
import KernelCore
import SystemPackage
import Testing

@Suite("functions that gates can ask for") struct FunctionTests {
    /// What the sources of the simulated kernel enter.
    private func entered() throws -> Set<String> {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        var names: Set<String> = []
        for target in [
            "CPUHotplug", "DriverModel", "Kernfs", "KernelModule", "Machine", "Specimens", "Zram",
        ] {
            let folder = sources.appending(path: target)
            for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            where path.hasSuffix(".swift") {
                var function = ""
                for line in try String(contentsOf: folder.appending(path: path), encoding: .utf8).split(separator: "\n")
                {
                    if let found = line.firstMatch(of: /func (\w+)/) { function = String(found.1) }
                    // What an attribute's methods are called by, where that is not written out at each call.
                    for name in line.matches(of: /"(\w+_(?:show|store))"/) { names.insert(String(name.1)) }
                    guard let call = line.firstMatch(of: /kernel\.enter\((.*?)\)/) else { continue }
                    if call.1.isEmpty { names.insert(KernelName.snake(function)) }
                    for name in call.1.matches(of: /"(\w+)/) { names.insert(String(name.1)) }
                }
            }
        }
        return names
    }

    @Test("all that is entered can be asked for") func complete() throws {
        let names = try entered()
        #expect(names.count > 60)
        #expect(names.subtracting(KernelName.functions) == [])
    }

    @Test("a function that there is not is refused, and holds nobody") func typo() throws {
        let machine = try LiveMachine()
        #expect(machine.echo("hold fn=reset_stor", "/debug/points/init_lock.down_write").errno == .invalidArgument)
        #expect(machine.echo("hold fn=reset_store", "/debug/points/init_lock.down_write").errno == nil)
    }

    @Test("5.15: a compressor that cannot be made frees the table that a reset is about to free")
    func doubleFree() throws {
        let machine = try LiveMachine()
        machine.echo("1M", "/zram0/disksize")
        machine.echo("hold fn=zram_meta_free", "/debug/points/table.load")
        let reset = machine.echo("1", "/zram0/reset")
        // The list of compressors forgives one newline more than the compressor itself.
        #expect(machine.echo("lz4\n", "/zram0/comp_algorithm").errno == nil)
        #expect(machine.echo("1M", "/zram0/disksize").errno == .noMemory)
        machine.echo("go", "/debug/points/table.load")
        #expect(machine.oopses == ["zram->table"] && reset.result == nil)
    }
}
