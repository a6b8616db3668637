import KernelCore
import Kernfs
import SystemPackage
import Testing
import Zram

@testable import Machine

/// The race catalogue, each made certain by a gate.
@Suite("Races")
struct RaceTests {
    @Test("a device's life")
    func life() throws {
        let machine = try LiveMachine()
        #expect(machine.cat("/zram0/disksize").text == "0\n")
        #expect(machine.cat("/zram0/comp_algorithm").text == "lzo [lzo-rle] lz4 lz4hc zstd \n")
        #expect(machine.echo("256M", "/zram0/disksize").text == "5")
        #expect(machine.cat("/zram0/disksize").text == "268435456\n")
        #expect(machine.echo("1M", "/zram0/disksize").errno == .resourceBusy)
        #expect(machine.echo("1", "/zram0/reset").text == "2")
        #expect(machine.cat("/zram0/initstate").text == "0\n")
        #expect(machine.cat("/zram-control/hot_add").text == "1\n")
        #expect(machine.echo("1", "/zram1/hot_remove").text == "2")
        #expect(machine.cat("/zram1/disksize").errno == .noSuchFileOrDirectory)
        #expect(machine.rmmod().text == "")
        #expect(machine.machine.root.find("/zram0") == nil)
        #expect(machine.machine.kernel.memory.isEmpty)
        #expect(machine.warnings.isEmpty && machine.oopses.isEmpty && machine.cycles == 0)
    }

    @Test("R1: a reset's claim makes removal fail, and the device outlives its module")
    func r1() throws {
        let machine = try LiveMachine()
        machine.echo("1M", "/zram0/disksize")
        machine.hold("init_lock.down_write", function: "reset_store")
        let reset = machine.echo("1", "/zram0/reset")
        #expect(machine.rmmod().text == "")
        #expect(machine.warnings == ["instances-left"])
        #expect(machine.machine.root.find("/zram0/disksize") != nil)
        #expect(machine.cat("/zram0/disksize").result == nil)
        #expect(machine.oopses == ["zram text"])
        #expect(reset.result == nil)
    }

    @Test("R2: disksize after the removal's reset leaves an instance and leaks")
    func r2() throws {
        let machine = try LiveMachine()
        machine.hold("open_mutex.lock", function: "del_gendisk")
        let rmmod = machine.rmmod()
        #expect(rmmod.result == nil)
        #expect(machine.echo("1M", "/zram0/disksize").text != nil)
        machine.go("open_mutex.lock")
        #expect(rmmod.text == "")
        #expect(machine.warnings == ["instances-left"])
        #expect(!machine.machine.kernel.memory.isEmpty)
    }

    @Test("R3: disksize into an unlocked reset: its table is freed under it")
    func r3() throws {
        let machine = try LiveMachine()
        machine.echo("1M", "/zram0/disksize")
        machine.hold("table.load", function: "reset_store")
        let reset = machine.echo("1", "/zram0/reset")
        #expect(machine.echo("2M", "/zram0/disksize").text != nil)
        machine.go("table.load")
        #expect(reset.text != nil)
        #expect(machine.echo("1", "/zram0/reset").result == nil)
        #expect(machine.oopses == ["zram->table"])
    }

    @Test("R4: the global mutex without module references deadlocks", arguments: ["disksize", "reset"])
    func r4(attribute: String) throws {
        let machine = try LiveMachine(policy: "v8-11")
        machine.hold("zram_index_mutex.lock", function: "\(attribute)_store")
        let writer = machine.echo("1", "/zram0/\(attribute)")
        let rmmod = machine.rmmod()
        #expect(machine.cycles == 0)
        machine.go("zram_index_mutex.lock")
        #expect(machine.cycles == 1)
        #expect(writer.result == nil && rmmod.result == nil)
    }

    @Test("D2: so does the exit against the class attributes")
    func d2() throws {
        let machine = try LiveMachine(policy: "v8-11")
        machine.hold("zram_index_mutex.lock", function: "hot_add_show")
        let reader = machine.cat("/zram-control/hot_add")
        let rmmod = machine.rmmod()
        machine.go("zram_index_mutex.lock")
        #expect(machine.cycles == 1)
        #expect(reader.result == nil && rmmod.result == nil)
    }

    @Test("R5: hot_remove against disksize deadlocks under all of v8, with no module exit")
    func r5() throws {
        let machine = try LiveMachine(policy: "v8")
        machine.hold("zram_index_mutex.lock", function: "disksize_store")
        let writer = machine.echo("1M", "/zram0/disksize")
        let remover = machine.echo("0", "/zram-control/hot_remove")
        machine.go("zram_index_mutex.lock")
        #expect(machine.cycles == 1)
        #expect(writer.result == nil && remover.result == nil)
    }

    @Test("R6: under v8 a running store makes rmmod say EWOULDBLOCK; a running rmmod makes the store say ENODEV")
    func r6() throws {
        let machine = try LiveMachine(policy: "v8")
        machine.hold("disksize.get_active.done", function: "kernfs_fop_write_iter")
        let writer = machine.echo("1M", "/zram0/disksize")
        #expect(machine.rmmod().errno == .wouldBlock)
        machine.go("disksize.get_active.done")
        #expect(writer.text != nil)
        machine.hold("zram_index_mutex.lock", function: "destroy_devices")
        let rmmod = machine.rmmod()
        #expect(machine.echo("1", "/zram0/reset").errno == .operationNotSupportedByDevice)
        machine.go("zram_index_mutex.lock")
        #expect(rmmod.text == "" && machine.warnings.isEmpty)
    }

    @Test("R7: under 5.16 removal waits for the store and leaves nothing", arguments: ["1", "2"])
    func r7(gate: String) throws {
        let machine = try LiveMachine(policy: "5.16")
        machine.echo("1M", "/zram0/disksize")
        machine.hold("init_lock.down_write", function: "reset_store")
        let reset = machine.echo("1", "/zram0/reset")
        let rmmod = machine.rmmod()
        #expect(rmmod.result == nil)
        if gate == "2" { #expect(machine.echo("1M", "/zram0/disksize").result != nil) }
        machine.go("init_lock.down_write")
        #expect(reset.text != nil && rmmod.text == "")
        #expect(machine.warnings.isEmpty && machine.oopses.isEmpty && machine.machine.kernel.memory.isEmpty)
    }

    @Test("a naive self-removal waits for itself")
    func naive() throws {
        let machine = try LiveMachine { $0.patches.insert(.naiveSelfRemove) }
        #expect(machine.echo("0", "/zram0/hot_remove").result == nil)
        #expect(machine.cycles == 1)
    }

    @Test("break and unbreak as posted lose a module reference; paired, they do not")
    func unbreak() throws {
        for isPaired in [false, true] {
            let machine = try LiveMachine(policy: "v8") {
                $0.devices = 2
                if !isPaired { $0.patches.insert(.noUnbreakPairing) }
            }
            #expect(machine.echo("1", "/zram1/hot_remove").text != nil)
            #expect(machine.cat("/module/zram/refcnt").text == (isPaired ? "0\n" : "-1\n"))
            #expect(machine.rmmod().errno == (isPaired ? nil : .wouldBlock))
        }
    }
}
