import KernelCore
import KernelModule
import Kernfs
import SystemPackage
import Testing
import Zram

@testable import Machine

/// The files of the laboratory, used as a shell would.
@Suite("Debug files")
struct DebugTests {
    @Test("a gate holds, says whom, lets go, and takes no bad words")
    func gate() throws {
        let machine = try LiveMachine()
        let gate = "/debug/points/init_lock.down_write"
        #expect(machine.cat(gate).text == "open\n")
        #expect(machine.echo("hold 2 fn=disksize_store pid=77", gate).text != nil)
        #expect(machine.cat(gate).text == "holding 2 more fn=disksize_store pid=77\n")
        #expect(machine.echo("1M", "/zram0/disksize").text != nil)
        #expect(machine.echo("hold fn=reset_store", gate).text != nil)
        let reset = machine.echo("1", "/zram0/reset")
        #expect(reset.result == nil)
        let lines = try #require(machine.cat(gate).text).split(separator: "\n")
        try #require(lines.count == 2 && lines[0] == "open")
        #expect(lines[1].contains(" echo ") && lines[1].hasSuffix(" zram_reset_device"))
        for word in ["", "hold 0", "hold x", "hold fn=", "go -1", "go 1 2", "clear 1", "frobnicate"] {
            #expect(machine.echo(word, gate).errno == .invalidArgument, "\(word)")
        }
        #expect(machine.echo("go 1", gate).text != nil)
        #expect(reset.text != nil)
        #expect(machine.cat(gate).text == "open\n")
    }

    @Test("hold all and clear; two tasks are let on one by one")
    func goOne() throws {
        let machine = try LiveMachine()
        let gate = "/debug/points/disksize.get_active.done"
        machine.echo("hold all", gate)
        let first = machine.echo("1M", "/zram0/disksize")
        let second = machine.echo("2M", "/zram0/disksize")
        // Each stands there twice: opening the file takes an active reference too.
        machine.echo("go 1", gate)
        machine.echo("go 1", gate)
        #expect(first.result == nil && second.result == nil)
        machine.echo("clear", gate)
        #expect(first.text != nil && second.errno == .resourceBusy)
    }

    @Test("a writer of wait returns when a task arrives, or with EINTR")
    func wait() throws {
        let machine = try LiveMachine()
        let gate = "/debug/points/init_lock.down_write"
        let waiter = machine.echo("wait", gate)
        #expect(waiter.result == nil)
        machine.echo("hold fn=reset_store", gate)
        #expect(waiter.result == nil)
        let reset = machine.echo("1", "/zram0/reset")
        #expect(waiter.text == "5")
        #expect(machine.echo("wait", gate).text == "5")
        machine.echo("go", gate)
        #expect(reset.text != nil)
        let interrupted = machine.echo("wait", gate)
        machine.isolation.run { machine.machine.kernel.tasks.forEach { $0.signal() } }
        #expect(interrupted.errno == .interrupted)
    }

    @Test("gates that a module declares appear when it is loaded")
    func declared() throws {
        let machine = try LiveMachine { $0.devices = 0 }
        #expect(machine.cat("/debug/points/open_mutex.lock").errno == .noSuchFileOrDirectory)
        machine.cat("/zram-control/hot_add")
        #expect(machine.cat("/debug/points/open_mutex.lock").text == "open\n")
    }

    @Test("a policy takes effect at the next modprobe")
    func policy() throws {
        let machine = try LiveMachine()
        #expect(machine.cat("/debug/policy").text == "[5.15] v1 v6 v8-11 v8 5.16\n")
        #expect(machine.echo("5.14", "/debug/policy").errno == .invalidArgument)
        #expect(machine.echo("v8", "/debug/policy").text != nil)
        #expect(machine.cat("/debug/policy").text == "[5.15] v1 v6 v8-11 v8 5.16 -> v8 at the next modprobe\n")
        #expect(!machine.machine.root.pinsModule)
        #expect(machine.echo("zram", "/debug/delete_module").text == "5")
        #expect(machine.echo("zram num_devices=2", "/debug/init_module").text != nil)
        #expect(machine.cat("/debug/policy").text == "5.15 v1 v6 v8-11 [v8] 5.16\n")
        #expect(machine.machine.root.pinsModule)
        #expect(machine.cat("/zram1/initstate").text == "0\n")
    }

    @Test("patches are set, added and taken away; a bad list changes nothing")
    func patches() throws {
        let machine = try LiveMachine()
        let configured = { machine.machine.configuration.patches }
        #expect(machine.echo("zram-up,store-pins-module", "/debug/patches").text != nil)
        #expect(configured() == [.zramUp, .storePinsModule])
        #expect(machine.cat("/debug/policy").text == "[5.15] v1 v6 v8-11 v8 5.16 -> v6 at the next modprobe\n")
        #expect(machine.echo("-store-pins-module,+naive-self-remove", "/debug/patches").text != nil)
        #expect(configured() == [.zramUp, .naiveSelfRemove])
        for list in ["nonsense", "+zram-up,store-pins-module", "zram-up,nonsense", "+", "-"] {
            #expect(machine.echo(list, "/debug/patches").errno == .invalidArgument, "\(list)")
        }
        #expect(configured() == [.zramUp, .naiveSelfRemove])
        let text = try #require(machine.cat("/debug/patches").text)
        #expect(text.contains("[x] zram-up  ") && text.contains("[ ] sync-blockdev  "))
        #expect(machine.echo("", "/debug/patches").text != nil)
        #expect(configured() == [])
    }

    @Test("delete_module and init_module have the system calls' errnos")
    func moduleErrnos() throws {
        let machine = try LiveMachine()
        #expect(machine.echo("loop", "/debug/delete_module").errno == .noSuchFileOrDirectory)
        #expect(machine.echo("zram softly", "/debug/delete_module").errno == .invalidArgument)
        #expect(machine.echo("zram", "/debug/init_module").errno == .fileExists)
        #expect(machine.echo("loop", "/debug/init_module").errno == .noSuchFileOrDirectory)
        let module = machine.machine.modules.find("zram")!
        machine.spawn("user") { () async throws(Errno) in await module.tryGet() ? "" : "no" }
        #expect(machine.cat("/proc/modules").text == "zram 40960 1 - Live 0x0000000000000000\n")
        #expect(machine.echo("zram", "/debug/delete_module").errno == .wouldBlock)
        machine.spawn("user") { () async throws(Errno) in
            await module.put()
            return ""
        }
        machine.echo("hold fn=zram_exit", "/debug/points/open_mutex.lock")
        let rmmod = machine.echo("zram", "/debug/delete_module")
        #expect(rmmod.result == nil)
        #expect(machine.cat("/proc/modules").text == "zram 40960 -1 - Unloading 0x0000000000000000\n")
        #expect(machine.echo("zram", "/debug/delete_module").errno == .resourceBusy)
        machine.echo("go", "/debug/points/open_mutex.lock")
        #expect(rmmod.text == "5")
        #expect(machine.cat("/proc/modules").text == "")
        #expect(machine.echo("zram num_devices=x", "/debug/init_module").errno == .invalidArgument)
        #expect(machine.echo("zram = num_devices=1", "/debug/init_module").text != nil)
    }

    @Test("everything can be read while a deadlock stands")
    func deadlocked() throws {
        let machine = try LiveMachine(policy: "v8-11")
        machine.echo("hold fn=reset_store", "/debug/points/zram_index_mutex.lock")
        machine.echo("1", "/zram0/reset")
        machine.echo("zram", "/debug/delete_module")
        machine.echo("go", "/debug/points/zram_index_mutex.lock")
        #expect(machine.cycles == 1)
        let tasks = try #require(machine.cat("/debug/tasks").text).split(separator: "\n")
        try #require(tasks.count == 4, "a header, the two, and the reader")
        #expect(tasks[1].contains(" D ") && tasks[1].contains("mutex zram_index_mutex in reset_store (Zram/"))
        #expect(
            tasks[2].contains(
                "active reference of /zram0/reset in kernfs_drain under zram_remove (Zram/Zram+Remove.swift:"))
        let locks = try #require(machine.cat("/debug/locks").text)
        #expect(locks.contains("shared     ") && locks.contains("active reference of /zram0/reset"))
        #expect(locks.contains("mutex zram_index_mutex") && locks.contains("destroy_devices (Zram/ZramDriver.swift:"))
        let waits = try #require(machine.cat("/debug/waits").text).split(separator: "\n")
        try #require(waits.count == 2)
        #expect(waits[0].contains(" -> mutex zram_index_mutex <- echo:") && waits[0].hasSuffix("(deadlock)"))
        #expect(waits[1].contains(" -> active reference of /zram0/reset <- echo:"))
        #expect(machine.cat("/debug/waits.dot").text?.hasPrefix("digraph waits {\n") == true)
    }

    @Test("memory that outlives its module is marked")
    func memory() throws {
        let machine = try LiveMachine()
        machine.echo("hold fn=del_gendisk", "/debug/points/open_mutex.lock")
        machine.echo("zram", "/debug/delete_module")
        machine.echo("1M", "/zram0/disksize")
        #expect(machine.cat("/debug/memory").text?.contains("leaked 0\n") == true)
        machine.echo("go", "/debug/points/open_mutex.lock")
        let lines = try #require(machine.cat("/debug/memory").text).split(separator: "\n")
        #expect(lines.first == "live 4  leaked 4")
        #expect(lines.dropFirst(2).allSatisfy { $0.contains("zram    leaked  ") })
    }

    @Test("the log is read, appended to and cleared; the trace is switched")
    func logAndTrace() throws {
        let machine = try LiveMachine()
        machine.echo("<3>hello", "/debug/kmsg")
        let line = try #require(machine.machine.kernel.log.lines.last)
        #expect(line.text == "hello" && line.level == .error)
        #expect(machine.cat("/debug/kmsg").text?.hasSuffix("] hello\n") == true)
        machine.echo("", "/debug/kmsg_clear")
        #expect(machine.cat("/debug/kmsg").text == "")
        #expect(machine.echo("maybe", "/debug/trace").errno == .invalidArgument)
        machine.echo("1", "/debug/trace")
        machine.echo("1M", "/zram0/disksize")
        machine.echo("0", "/debug/trace")
        let trace = try #require(machine.cat("/debug/trace").text)
        #expect(trace.contains("down_write") && trace.contains("disksize_store"))
        machine.echo("clear", "/debug/trace")
        #expect(machine.cat("/debug/trace").text == "TIME  TASK  GROUP  STEP  OBJECT  FUNCTION\n")
    }

    @Test("fault knobs have the kernel's formats; complete ends a wait")
    func faults() throws {
        let machine = try LiveMachine()
        let knobs = "/debug/fail_kernfs"
        let attributes = knobs + "/fail_kernfs_fop_write_iter"
        let wait = knobs + "/config_fail_kernfs_fop_write_iter/wait_after_active"
        #expect(machine.cat(wait).text == "N\n")
        #expect(machine.cat(knobs + "/sleep_after_wait_ms").text == "100\n")
        #expect(machine.cat(attributes + "/times").text == "1\n")
        #expect(machine.echo("-1", attributes + "/times").text != nil)
        #expect(machine.cat(attributes + "/times").text == "-1\n")
        #expect(machine.echo("-1", attributes + "/probability").errno == .invalidArgument)
        machine.echo("0x64", attributes + "/probability")
        #expect(machine.cat(attributes + "/probability").text == "100\n")
        machine.echo("0", knobs + "/sleep_after_wait_ms")
        machine.echo("Y", wait)
        machine.machine.kernel.alarm = { _, _ in }
        let writer = machine.echo("1M", "/zram0/disksize")
        #expect(writer.result == nil)
        #expect(machine.cat("/zram0/initstate").text == "0\n")
        machine.echo("1", knobs + "/complete")
        #expect(writer.text != nil)
        #expect(machine.cat("/zram0/initstate").text == "1\n")
    }

    @Test("modes: root's alone, and no bit for a direction that makes no sense")
    func modes() throws {
        let live = try LiveMachine()
        defer { withExtendedLifetime(live) {} }
        let root = live.machine.root
        #expect(root.find("/debug")?.mode == 0o700)
        #expect(root.find("/debug/points")?.mode == 0o700)
        #expect(root.find("/debug/policy")?.mode == 0o600)
        #expect(root.find("/debug/delete_module")?.mode == 0o200)
        #expect(root.find("/debug/tasks")?.mode == 0o400)
        #expect(root.find("/proc/modules")?.mode == 0o444)
        #expect(root.find("/sysrq-trigger")?.mode == 0o200)
    }
}
