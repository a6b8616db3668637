import DriverModel
import KernelCore
import KernelModule
import Kernfs
import SystemPackage
import Testing
import Zram

@testable import Machine

/// The drivers beside zram.
@Suite("Specimens")
struct SpecimenTests {
    private let device = "/test_sysfs0"

    @Test("test_sysfs: values, delays, errnos, and what its configuration says", arguments: [0, 1])
    func values(type: Int) throws {
        let machine = try LiveMachine()
        #expect(machine.echo("test_sysfs devtype=\(type)", "/debug/init_module").text != nil)
        #expect(machine.cat("\(device)/test_dev_x").text == "3\n")
        #expect(machine.echo("12", "\(device)/test_dev_x").text == "3")
        #expect(machine.echo("1", "\(device)/test_dev_y").text == "2")
        #expect(machine.cat("\(device)/test_dev_y").text == "20\n")
        #expect(machine.echo("x", "\(device)/test_dev_x").errno == .invalidArgument)
        #expect(machine.echo("2147483648", "\(device)/test_dev_x").errno == .outOfRange)
        #expect(machine.cat("\(device)/test_dev_x").text == "12\n")
        // A bad number is refused, and y changed all the same.
        #expect(machine.echo("x", "\(device)/test_dev_y").errno == .invalidArgument)
        #expect(machine.cat("\(device)/test_dev_y").text == "19\n")
        #expect(machine.echo("1", "\(device)/config_use_rtnl_lock").text != nil)
        #expect(machine.echo("1", "\(device)/config_enable_lock").text != nil)
        #expect(machine.cat("\(device)/config").text?.contains("use_rtnl_lock:\ttrue\n") == true)
        #expect(machine.echo("", "\(device)/reset").text != nil)
        #expect(machine.cat("\(device)/config_enable_lock").text == "0\n")
        #expect(machine.echo("test_sysfs", "/debug/delete_module").text != nil)
        #expect(machine.cat("\(device)/config").errno == .noSuchFileOrDirectory)
        #expect(machine.machine.kernel.memory.values.allSatisfy { !$0.isLeaked })
        #expect(machine.echo("test_sysfs devtype=2", "/debug/init_module").errno == .noMemory)
        #expect(machine.machine.modules.find("test_sysfs") == nil)
    }

    @Test("test_sysfs: the lock that stores and exit share deadlocks unless the reference pins the module")
    func lock() throws {
        for (policy, deadlocks) in [("5.15", true), ("5.16", true), ("v6", false), ("v8", false)] {
            let machine = try LiveMachine(policy: policy)
            machine.echo("test_sysfs enable_lock=1 enable_lock_on_rmmod=1", "/debug/init_module")
            machine.hold("config_mutex.lock", function: "test_dev_x_store")
            let store = machine.echo("5", "\(device)/test_dev_x")
            #expect(store.result == nil)
            let removal = machine.echo("test_sysfs", "/debug/delete_module")
            machine.go("config_mutex.lock")
            #expect(machine.cycles == (deadlocks ? 1 : 0), "\(policy)")
            #expect((store.result == nil) == deadlocks, "\(policy)")
            if !deadlocks { #expect(removal.errno == .wouldBlock) }
        }
    }

    @Test("test_sysfs: a lock that is switched off while it is held stays held; one that is switched on is not there")
    func switches() throws {
        let machine = try LiveMachine()
        machine.echo("test_sysfs enable_lock=1", "/debug/init_module")
        machine.hold("x.store", function: "test_dev_x_store")
        let store = machine.echo("5", "\(device)/test_dev_x")
        machine.echo("0", "\(device)/config_enable_lock")
        machine.go("x.store")
        #expect(store.text == "2")
        machine.echo("1", "\(device)/config_enable_lock")
        #expect(machine.echo("6", "\(device)/test_dev_x").result == nil)

        let other = try LiveMachine()
        other.echo("test_sysfs", "/debug/init_module")
        other.hold("x.store", function: "test_dev_x_store")
        let unlocked = other.echo("5", "\(device)/test_dev_x")
        other.echo("1", "\(device)/config_enable_lock")
        other.go("x.store")
        #expect(unlocked.text == "2")
        #expect(other.warnings == ["unlock-imbalance"])
    }

    @Test("v6 pins the module in every method, those of the configuration too")
    func pins() throws {
        let machine = try LiveMachine(policy: "v6")
        machine.echo("test_sysfs enable_lock=1 enable_lock_on_rmmod=1", "/debug/init_module")
        for name in ["config_enable_lock_on_rmmod", "config_write_delay_msec_y", "config_enable_busy_alloc"] {
            machine.hold("config_mutex.lock", function: "\(name)_store")
            let store = machine.echo("1", "\(device)/\(name)")
            #expect(store.result == nil)
            #expect(machine.echo("test_sysfs", "/debug/delete_module").errno == .wouldBlock, "\(name)")
            machine.go("config_mutex.lock")
            #expect(store.text == "2" && machine.cycles == 0)
        }
    }

    @Test("a misc device has a minor of its own, and a used device a touch that faults")
    func numbers() throws {
        let machine = try LiveMachine { $0.abi = .v6_18 }
        machine.echo("test_firmware", "/debug/init_module")
        machine.echo("test_sysfs enable-debugfs=1", "/debug/init_module")
        #expect(machine.cat("/test_firmware/dev").text == "10:256\n")
        #expect(machine.cat("\(device)/dev").text == "10:257\n")
        #expect(machine.machine.root.find("/module/zram/parameters") == nil)
        // The first reset stops before it registers anew; the second one finds the device freed.
        machine.hold("misc_mtx.lock", function: "misc_register")
        machine.echo("1", "/debug/test_sysfs/reset_first_test_dev")
        machine.echo("1", "/debug/test_sysfs/reset_first_test_dev")
        #expect(machine.oopses == ["struct sysfs_test_device"])
    }

    @Test("test_firmware: its exit deadlocks with a store, unless it deregisters outside its mutex")
    func firmware() throws {
        for patches: Set<Patch> in [[], [.deregisterUnlocked]] {
            let machine = try LiveMachine { $0.patches = patches }
            machine.echo("test_firmware", "/debug/init_module")
            #expect(machine.echo("256", "/test_firmware/config_num_requests").errno == .outOfRange)
            #expect(machine.echo("-1", "/test_firmware/config_num_requests").errno == .invalidArgument)
            #expect(machine.echo("-1", "/test_firmware/config_buf_size").text != nil)
            #expect(machine.cat("/test_firmware/config_buf_size").text == "18446744073709551615\n")
            #expect(machine.cat("/test_firmware/dev").text == "10:127\n")
            machine.hold("test_fw_mutex.lock", function: "config_partial_store")
            let store = machine.echo("1", "/test_firmware/config_partial")
            let removal = machine.echo("test_firmware", "/debug/delete_module")
            machine.go("test_fw_mutex.lock")
            #expect(machine.cycles == (patches.isEmpty ? 1 : 0))
            #expect((removal.result == nil) == patches.isEmpty)
            #expect((store.result == nil) == patches.isEmpty)
        }
    }

    @Test("fsl_mpic_timer_wakeup: work that was queued runs behind exit, unless exit waits for it")
    func timer() throws {
        for patches: Set<Patch> in [[], [.cancelWork]] {
            let machine = try LiveMachine { $0.patches = patches }
            var rings: [() -> Void] = []
            machine.machine.kernel.alarm = { _, ring in rings.append(ring) }
            machine.echo("fsl_mpic_timer_wakeup", "/debug/init_module")
            #expect(machine.echo("5", "/mpic/timer_wakeup").text == "2")
            #expect(machine.cat("/mpic/timer_wakeup").text == "6\n")
            machine.hold("sysfs_lock.lock", function: "fsl_free_resource")
            machine.isolation.run { rings.forEach { $0() } }
            let removal = machine.echo("fsl_mpic_timer_wakeup", "/debug/delete_module")
            #expect((removal.result == nil) == !patches.isEmpty)
            machine.go("sysfs_lock.lock")
            #expect(machine.oopses.isEmpty == !patches.isEmpty)
            #expect(removal.text != nil)
        }
    }

    @Test("a parameter is what its type says, in any spelling")
    func parameters() throws {
        let machine = try LiveMachine()
        #expect(machine.echo("test_sysfs enable_lock delay_rmmod_ms=0x10 nonsense=1", "/debug/init_module").text != nil)
        let folder = "/module/test_sysfs/parameters"
        #expect(machine.cat("\(folder)/enable_lock").text == "Y\n")
        #expect(machine.cat("\(folder)/delay_rmmod_ms").text == "16\n")
        #expect(machine.echo("n", "\(folder)/enable_lock").errno == .readOnlyFileSystem)
        #expect(machine.echo("x", "\(folder)/enable_lock").errno == .invalidArgument)
        #expect(machine.echo("4294967296", "\(folder)/delay_rmmod_ms").errno == .outOfRange)
        #expect(machine.echo("0", "\(folder)/delay_rmmod_ms").text != nil)
        let log = machine.machine.kernel.log.lines.map(\.text)
        #expect(log.contains("test_sysfs: unknown parameter 'nonsense' ignored"))
        #expect(machine.echo("test_firmware", "/debug/init_module").text != nil)
        #expect(machine.echo("zram num_devices=x", "/debug/init_module").errno == .fileExists)
    }
}
