import KernelCore
import KernelModule
import Kernfs
import SystemPackage
import Testing

@testable import Machine

/// Warnings, page faults and sysrq in the log.
@Suite("Crash reports")
struct CrashReportTests {
    private func log(_ machine: LiveMachine) -> String {
        machine.machine.kernel.log.lines.map { line in
            line.text
                .replacing(/\+0x[0-9a-f]+\/0x[0-9a-f]+/, with: "+OFFSET")
                .replacing(/ffffc900[0-9a-f]{8}|ffffffffc[0-9a-f]{7}/, with: "FAULT") + "\n"
        }.joined()
    }

    /// R1: a reset's claim makes the removal fail, and the device outlives its module.
    private func outlived() throws -> LiveMachine {
        let machine = try LiveMachine()
        machine.echo("1M", "/zram0/disksize")
        machine.echo("hold fn=reset_store", "/debug/points/init_lock.down_write")
        machine.echo("1", "/zram0/reset")
        machine.echo("", "/debug/kmsg_clear")
        machine.echo("zram", "/debug/delete_module")
        return machine
    }

    @Test("R1's warning, word for word")
    func warning() throws {
        #expect(
            log(try outlived()) == """
                ------------[ cut here ]------------
                Error: Removing state 63 which has instances left.
                WARNING: CPU: 0 PID: 6 at kernel/cpu.c:2069 __cpuhp_remove_state_cpuslocked+OFFSET
                Modules linked in: zram(-)
                CPU: 0 PID: 6 Comm: echo Not tainted 5.15.0 #1
                Hardware name: zramfs simulated machine
                RIP: 0010:__cpuhp_remove_state_cpuslocked+OFFSET
                Call Trace:
                 <TASK>
                 __cpuhp_remove_state+OFFSET
                 destroy_devices+OFFSET [zram]
                 zram_exit+OFFSET [zram]
                 __do_sys_delete_module+OFFSET
                 do_syscall_64+OFFSET
                 entry_SYSCALL_64_after_hwframe+OFFSET
                 </TASK>
                ---[ end trace 0000000000000000 ]---

                """)
    }

    @Test("a method called after its module went, and code freed under a task")
    func oops() throws {
        let machine = try outlived()
        machine.echo("", "/debug/kmsg_clear")
        machine.cat("/zram0/disksize")
        #expect(
            log(machine) == """
                BUG: unable to handle page fault for address: FAULT
                #PF: supervisor read access in kernel mode
                #PF: error_code(0x0000) - not-present page
                PGD 0 P4D 0
                Oops: 0000 [#1] SMP PTI
                CPU: 0 PID: 8 Comm: cat Tainted: G        W         5.15.0 #1
                Hardware name: zramfs simulated machine
                RIP: 0010:dev_attr_show+OFFSET
                Call Trace:
                 <TASK>
                 kernfs_fop_read_iter+OFFSET
                 new_sync_read+OFFSET
                 vfs_read+OFFSET
                 ksys_read+OFFSET
                 do_syscall_64+OFFSET
                 entry_SYSCALL_64_after_hwframe+OFFSET
                 </TASK>
                Modules linked in:
                CR2: FAULT
                ---[ end trace 0000000000000000 ]---
                zramfs: cat:8 used what was freed: zram text, in dev_attr_show
                zramfs: cat:8 is dead and keeps: mutex &of->mutex, active reference of /zram0/disksize

                """)
        machine.echo("", "/debug/kmsg_clear")
        machine.echo("go", "/debug/points/init_lock.down_write")
        let text = log(machine)
        #expect(text.contains("#PF: supervisor instruction fetch in kernel mode\n"))
        #expect(
            text.contains("Oops: 0010 [#2] SMP PTI\nCPU: 0 PID: 4 Comm: echo Tainted: G      D W         5.15.0 #1\n"))
        #expect(text.contains(" <TASK>\n reset_store+OFFSET [zram]\n dev_attr_store+OFFSET\n"))
    }

    @Test("R3: the table that is freed under a reset faults in zram_free_page")
    func useAfterFree() throws {
        let machine = try LiveMachine()
        machine.echo("1M", "/zram0/disksize")
        machine.echo("hold fn=reset_store", "/debug/points/table.load")
        machine.echo("1", "/zram0/reset")
        machine.echo("2M", "/zram0/disksize")
        machine.echo("go", "/debug/points/table.load")
        machine.echo("1", "/zram0/reset")
        #expect(log(machine).contains("RIP: 0010:zram_free_page+OFFSET [zram]\nCall Trace:\n <TASK>\n zram_meta_free+"))
        #expect(log(machine).contains(" used what was freed: zram->table, in zram_free_page\n"))
    }

    @Test("sysrq shows blocked tasks, locks and all tasks, reboots, and helps")
    func sysrq() throws {
        let machine = try LiveMachine()
        machine.echo("hold all", "/debug/points/disksize.get_active.done")
        machine.spawn("holder") { [machine = machine.machine] () async throws(Errno) in
            let mutex = Mutex(kernel: machine.kernel, name: "m")
            machine.kernel.spawn("waiter") { _ in await mutex.lock() }
            await mutex.lock()
            _ = try await KernfsOpenFile(machine.root.find("/zram0/disksize")!, read: true, write: false)
            return ""
        }
        machine.echo("", "/debug/kmsg_clear")
        machine.echo("w", "/sysrq-trigger")
        let blocked = log(machine)
        #expect(blocked.hasPrefix("sysrq: Show Blocked State\ntask:waiter          state:D stack:    0 pid:"))
        #expect(
            blocked.contains("\n __schedule+OFFSET\n schedule+OFFSET\n schedule_preempt_disabled+OFFSET\n __mutex_lock")
        )
        #expect(!blocked.contains("holder"))
        machine.echo("", "/debug/kmsg_clear")
        machine.echo("d", "/sysrq-trigger")
        let locks = log(machine)
        #expect(
            locks.hasPrefix("sysrq: Show Locks Held\n\nShowing all locks held in the system:\n2 locks held by holder/"))
        #expect(locks.hasSuffix("\n=============================================\n\n"))
        machine.echo("t", "/sysrq-trigger")
        #expect(log(machine).contains("task:holder          state:R"))
        machine.echo("x", "/sysrq-trigger")
        #expect(log(machine).contains("sysrq: HELP : reboot(b) "))
        var reboots = 0
        machine.machine.onReboot = { reboots += 1 }
        machine.echo("boot", "/sysrq-trigger")
        #expect(reboots == 1 && log(machine).contains("sysrq: Resetting\n"))
    }

    @Test("a trace of a deadlock has the wait, its holder and the counts")
    func trace() throws {
        let machine = try LiveMachine(policy: "v8-11")
        let gate = "/debug/points/zram_index_mutex.lock"
        machine.echo("1", "/debug/trace")
        machine.echo("hold fn=reset_store", gate)
        machine.echo("1", "/zram0/reset")
        machine.echo("zram", "/debug/delete_module")
        machine.echo("go", gate)
        machine.echo("0", "/debug/trace")
        let columns = try #require(machine.cat("/debug/trace.columns").text)
        #expect(columns.contains("HELD: lock zram_index_mutex  (reset_store)\n"))
        #expect(columns.contains("WAITS: drain reset  (kernfs_drain)\n"))
        #expect(columns.contains(": echo:5 waits for echo:4\n"))
        let json = try #require(machine.cat("/debug/trace.json").text)
        #expect(json.contains("\"name\":\"waits: drain reset\""))
        #expect(json.contains(/"name":"references of reset#\d+","args":\{"count":1\}/))
        #expect(json.contains(/"name":"references of zram#\d+","args":\{"count":-1\}/))
    }
}
