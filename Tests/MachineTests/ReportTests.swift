import DriverModel
import KernelCore
import KernelModule
import Kernfs
import Reports
import SystemPackage
import Testing
import Zram

@testable import Machine

/// What the log says, in live machines that are driven through the files alone.
@Suite("Reports")
struct ReportTests {
    /// The log without time stamps, and with what is made up or depends on the tree written alike.
    private func log(_ machine: LiveMachine) -> [String] {
        machine.machine.kernel.log.lines.map { line in
            line.text
                .replacing(/ffff8881[0-9a-f]{8}/, with: "ADDRESS")
                .replacing(/\+0x[0-9a-f]+\/0x[0-9a-f]+/, with: "+OFFSET")
                .replacing(/kn->active#\d+/, with: "kn->active#N")
                .replacing(/since \d+\.\d{6}/, with: "since TIME")
                .replacing(/\.swift:\d+/, with: ".swift:LINE")
        }
    }

    private func section(_ lines: [String], from start: String, to end: String) -> String {
        guard let first = lines.firstIndex(where: { $0.hasPrefix(start) }),
            let last = lines[first...].firstIndex(where: { $0.hasPrefix(end) })
        else { return "no \(start) in \(lines)" }
        return lines[first...last].joined(separator: "\n") + "\n"
    }

    /// R4: a reset that wants the global mutex, against an exit that holds it and drains the reset's file.
    private func deadlock() throws -> LiveMachine {
        let machine = try LiveMachine(policy: "v8-11")
        let gate = "/debug/points/zram_index_mutex.lock"
        machine.echo("hold fn=reset_store", gate)
        machine.echo("1", "/zram0/reset")
        machine.echo("zram", "/debug/delete_module")
        machine.echo("go", gate)
        return machine
    }

    @Test("a deadlock names every party, what it holds, and the lines")
    func cycle() throws {
        let machine = try deadlock()
        #expect(machine.cycles == 1 && machine.machine.counts.cycles == 1)
        #expect(
            section(log(machine), from: "zramfs: deadlock: ", to: " __schedule") == """
                zramfs: deadlock: echo:3 waits for mutex zram_index_mutex, held by echo:4; echo:4 waits for active \
                reference of /zram0/reset, held by echo:3
                  echo:3
                    waits for  mutex zram_index_mutex
                               since TIME in reset_store (Zram/Zram+Reset.swift:LINE)
                    holds      mutex &of->mutex
                               since TIME in kernfs_fop_write_iter (Kernfs/KernfsOpenFile.swift:LINE)
                    holds      active reference of /zram0/reset
                               since TIME in kernfs_fop_write_iter (Kernfs/KernfsOpenFile.swift:LINE)
                  echo:4
                    waits for  active reference of /zram0/reset
                               since TIME in kernfs_drain under zram_remove (Zram/Zram+Remove.swift:LINE)
                    holds      mutex zram_index_mutex
                               since TIME in destroy_devices (Zram/ZramDriver.swift:LINE)
                task:echo            state:D stack:    0 pid:    3 ppid:     0 flags:0x00000000
                Call Trace:
                 <TASK>
                 __schedule+OFFSET

                """)
        #expect(
            section(log(machine), from: "task:echo            state:D stack:    0 pid:    4", to: " </TASK>") == """
                task:echo            state:D stack:    0 pid:    4 ppid:     0 flags:0x00000000
                Call Trace:
                 <TASK>
                 __schedule+OFFSET
                 schedule+OFFSET
                 kernfs_drain+OFFSET
                 __kernfs_remove+OFFSET
                 kernfs_remove_by_name_ns+OFFSET
                 remove_files+OFFSET
                 sysfs_remove_group+OFFSET
                 sysfs_remove_groups+OFFSET
                 device_remove_attrs+OFFSET
                 device_del+OFFSET
                 del_gendisk+OFFSET
                 zram_remove+OFFSET [zram]
                 zram_remove_cb+OFFSET [zram]
                 idr_for_each+OFFSET
                 destroy_devices+OFFSET [zram]
                 zram_exit+OFFSET [zram]
                 __do_sys_delete_module+OFFSET
                 do_syscall_64+OFFSET
                 entry_SYSCALL_64_after_hwframe+OFFSET
                 </TASK>

                """)
    }

    @Test("the hung task detector speaks a second later, with each kernel's text", arguments: [ABI.v5_15, .v6_18])
    func hungTasks(_ abi: ABI) throws {
        let machine = try LiveMachine(policy: "v8-11") { $0.abi = abi }
        let alarms = machine.alarms()
        let gate = "/debug/points/zram_index_mutex.lock"
        machine.echo("hold fn=reset_store", gate)
        machine.echo("1", "/zram0/reset")
        machine.echo("zram", "/debug/delete_module")
        machine.echo("go", gate)
        #expect(alarms.list.map(\.nanoseconds) == [1_000_000_000])
        let report = try #require(
            Report.hungTasks(machine.machine.kernel, longerThan: 0, in: machine.machine.reportContext))
        let recent = abi == .v6_18
        #expect(report.lines.starts(with: ["INFO: task echo:3 blocked for more than 0 seconds."]))
        #expect(report.lines[1] == (recent ? "      Not tainted 6.18.0 #1" : "      Not tainted 5.15.0 #1"))
        #expect(report.lines[2] == "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.")
        #expect(
            report.lines[3]
                == (recent
                    ? "task:echo            state:D stack:0     pid:3     tgid:3     ppid:0      task_flags:0x400100 flags:0x00000000"
                    : "task:echo            state:D stack:    0 pid:    3 ppid:     0 flags:0x00000000"))
        #expect(
            report.lines.contains("INFO: task echo:3 is blocked on a mutex likely owned by task echo:4.") == recent)
        // Lockdep saw the inversion before, and is off since.
        #expect(report.lines.last == "INFO: lockdep is turned off.")
        #expect(report.text.contains(" new_sync_write+") != recent)
        machine.isolation.run { alarms.list.removeFirst().ring() }
        #expect(log(machine).contains { $0.hasPrefix("INFO: task") } == false, "nobody has waited for a second yet")
    }

    @Test("lockdep speaks once a boot, then it is off")
    func lockdepOnce() throws {
        let machine = try LiveMachine { $0.patches.insert(.naiveSelfRemove) }
        machine.echo("0", "/zram0/hot_remove")
        #expect(machine.machine.counts.inversions == 1 && machine.machine.kernel.lockdep.isTurnedOff)
        machine.cat("/zram-control/hot_add")
        machine.echo("1", "/zram1/hot_remove")
        #expect(machine.machine.counts.inversions == 1)
    }

    @Test("a name that is taken: the line, a trace, and the complaint", arguments: [ABI.v5_15, .v6_18])
    func duplicate(_ abi: ABI) throws {
        let machine = try LiveMachine { $0.abi = abi }
        machine.hold("init_lock.down_write", function: "reset_store")
        machine.echo("1", "/zram0/reset")
        machine.rmmod()
        machine.echo("zram", "/debug/init_module")
        let lines = log(machine)
        let first = try #require(lines.firstIndex { $0.hasPrefix("sysfs: cannot create duplicate filename") })
        #expect(lines[first + 1].hasPrefix(abi == .v5_15 ? "CPU: 0 PID: " : "CPU: 0 UID: 0 PID: "))
        let trace = lines[first...].prefix { !$0.hasPrefix("kobject_add_internal failed") }
        #expect(trace.contains(" sysfs_warn_dup+OFFSET") && trace.contains(" </TASK>"))
        #expect(machine.cat("/view/proc-tainted").errno == .noSuchFileOrDirectory, "a view is for zramfs run")
        #expect(machine.machine.reportContext.taintBits == 1 << 9)
    }

    @Test("what test systems look for in a console is in every report", arguments: [ABI.v5_15, .v6_18])
    func patterns(_ abi: ABI) throws {
        let context = ReportContext(isRecent: abi == .v6_18)
        let machine = try LiveMachine { $0.abi = abi }
        let kernel = machine.machine.kernel
        var texts: [String] = []
        machine.isolation.run {
            kernel.onEvent = { texts.append(Report($0, in: context).text) }
            kernel.spawn("bash") { _ in
                kernel.warn(
                    "instances-left", "Error: Removing state 63 which has instances left.", at: "kernel/cpu.c:2069",
                    in: "x")
                kernel.fault("zram text", in: nil)
            }
            kernel.spawn("bash") { _ in kernel.fault("double free of a table", in: nil) }
        }
        try #require(texts.count == 3)
        #expect(
            try texts[0].contains(Regex("-+\\[ cut here \\]-+\nError: .*\nWARNING: CPU: \\d+ PID: \\d+ at \\S+ x\\+0x"))
        )
        #expect(try texts[0].contains(Regex("\n---\\[ end trace [0-9a-f]{16} \\]---$")))
        #expect(try texts[1].contains(Regex("^BUG: unable to handle page fault for address: ffffffffc[0-9a-f]{7}\n")))
        #expect(try texts[1].contains(Regex("\n(Oops: )?Oops: 00[01]0 \\[#\\d+\\]")))
        #expect(try texts[2].contains(Regex("\nkernel BUG at \\S+:\\d+!\n(Oops: )?invalid opcode: 0000 \\[#\\d+\\]")))
        for text in texts { #expect(try text.contains(Regex("\nRIP: 0010:\\S+"))) }
    }

    @Test("taints in the kernel's order, in words and as bits")
    func taints() {
        var context = ReportContext(taints: ["W", "D"])
        #expect(context.tainted == "Tainted: G      D W        ")
        #expect(context.taintBits == 1 << 7 | 1 << 9)
        context.isRecent = true
        #expect(context.tainted == "Tainted: G      D W          ")
    }

    @Test("the deadlock's lines are those of the driver")
    func lines() throws {
        let text = try #require(try deadlock().cat("/debug/kmsg").text)
        let place = try #require(text.firstMatch(of: /in reset_store \((Zram\/Zram\+Reset\.swift):(\d+)\)/))
        #expect(try SourceLine.read(String(place.1), Int(place.2)!).contains("driver.whileUp"))
        let drain = try #require(text.firstMatch(of: /under zram_remove \((Zram\/Zram\+Remove\.swift):(\d+)\)/))
        #expect(try SourceLine.read(String(drain.1), Int(drain.2)!).contains("disk.delete()"))
    }

    @Test("a task that drains its own file waits for itself")
    func ownReference() throws {
        let machine = try LiveMachine { $0.patches.insert(.naiveSelfRemove) }
        machine.echo("0", "/zram0/hot_remove")
        let lines = log(machine)
        #expect(
            lines.contains(
                "zramfs: deadlock: echo:2 waits for active reference of /zram0/hot_remove, held by echo:2 itself"))
        #expect(lines.count { $0.hasPrefix("WARNING: possible") } == 1, "one splat for one acquisition")
        #expect(
            section(lines, from: "============================================", to: "3 locks held") == """
                ============================================
                WARNING: possible recursive locking detected
                5.15.0 #1 Not tainted
                --------------------------------------------
                echo/2 is trying to acquire lock:
                ADDRESS (kn->active#N){++++}-{0:0}, at: kernfs_drain+OFFSET

                but task is already holding lock:
                ADDRESS (kn->active#N){++++}-{0:0}, at: kernfs_fop_write_iter+OFFSET

                other info that might help us debug this:
                 Possible unsafe locking scenario:

                       CPU0
                       ----
                  lock(kn->active#N);
                  lock(kn->active#N);

                 *** DEADLOCK ***

                 May be due to missing lock nesting notation

                3 locks held by echo/2:

                """)
    }

    @Test("D3: lockdep finds it in three commands, one after the other, under all of v8")
    func splat() throws {
        let machine = try LiveMachine(policy: "v8")
        #expect(machine.cat("/zram-control/hot_add").text == "1\n")
        #expect(machine.echo("256M", "/zram1/disksize").text != nil)
        #expect(machine.echo("1", "/zram-control/hot_remove").text == "2")
        #expect(machine.cycles == 0 && machine.machine.counts.inversions == 1)
        #expect(section(log(machine), from: "=====", to: "zramfs: ") == Self.splat)
    }

    @Test("without the global mutex the same commands are clean", arguments: ["5.15", "5.16"])
    func noSplat(policy: String) throws {
        let machine = try LiveMachine(policy: policy)
        machine.cat("/zram-control/hot_add")
        machine.echo("256M", "/zram1/disksize")
        #expect(machine.echo("1", "/zram-control/hot_remove").text == "2")
        #expect(machine.machine.counts.inversions == 0)
    }

    private static let splat = """
        ======================================================
        WARNING: possible circular locking dependency detected
        5.15.0 #1 Not tainted
        ------------------------------------------------------
        echo/4 is trying to acquire lock:
        ADDRESS (kn->active#N){++++}-{0:0}, at: kernfs_drain+OFFSET

        but task is already holding lock:
        ADDRESS (zram_index_mutex){+.+.}-{3:3}, at: hot_remove_store+OFFSET [zram]

        which lock already depends on the new lock.


        the existing dependency chain (in reverse order) is:

        -> #1 (zram_index_mutex){+.+.}-{3:3}:
               lock_acquire+OFFSET
               __mutex_lock+OFFSET
               disksize_store+OFFSET [zram]
               dev_attr_store+OFFSET
               kernfs_fop_write_iter+OFFSET
               new_sync_write+OFFSET
               vfs_write+OFFSET
               ksys_write+OFFSET
               do_syscall_64+OFFSET
               entry_SYSCALL_64_after_hwframe+OFFSET

        -> #0 (kn->active#N){++++}-{0:0}:
               check_prev_add+OFFSET
               __lock_acquire+OFFSET
               lock_acquire+OFFSET
               kernfs_drain+OFFSET
               __kernfs_remove+OFFSET
               kernfs_remove_by_name_ns+OFFSET
               remove_files+OFFSET
               sysfs_remove_group+OFFSET
               sysfs_remove_groups+OFFSET
               device_remove_attrs+OFFSET
               device_del+OFFSET
               del_gendisk+OFFSET
               zram_remove+OFFSET [zram]
               hot_remove_store+OFFSET [zram]
               class_attr_store+OFFSET
               kernfs_fop_write_iter+OFFSET
               new_sync_write+OFFSET
               vfs_write+OFFSET
               ksys_write+OFFSET
               do_syscall_64+OFFSET
               entry_SYSCALL_64_after_hwframe+OFFSET

        other info that might help us debug this:

         Possible unsafe locking scenario:

               CPU0                    CPU1
               ----                    ----
          lock(zram_index_mutex);
                                       lock(kn->active#N);
                                       lock(zram_index_mutex);
          lock(kn->active#N);

         *** DEADLOCK ***

        3 locks held by echo/4:
         #0: ADDRESS (&of->mutex){+.+.}-{3:3}, at: kernfs_fop_write_iter+OFFSET
         #1: ADDRESS (kn->active#N){.+.+}-{0:0}, at: kernfs_fop_write_iter+OFFSET
         #2: ADDRESS (zram_index_mutex){+.+.}-{3:3}, at: hot_remove_store+OFFSET [zram]

        stack backtrace:
        CPU: 0 PID: 4 Comm: echo Not tainted 5.15.0 #1
        Hardware name: zramfs simulated machine
        Call Trace:
         <TASK>
         dump_stack_lvl+OFFSET
         check_noncircular+OFFSET
         __lock_acquire+OFFSET
         lock_acquire+OFFSET
         kernfs_drain+OFFSET
         __kernfs_remove+OFFSET
         kernfs_remove_by_name_ns+OFFSET
         remove_files+OFFSET
         sysfs_remove_group+OFFSET
         sysfs_remove_groups+OFFSET
         device_remove_attrs+OFFSET
         device_del+OFFSET
         del_gendisk+OFFSET
         zram_remove+OFFSET [zram]
         hot_remove_store+OFFSET [zram]
         class_attr_store+OFFSET
         kernfs_fop_write_iter+OFFSET
         new_sync_write+OFFSET
         vfs_write+OFFSET
         ksys_write+OFFSET
         do_syscall_64+OFFSET
         entry_SYSCALL_64_after_hwframe+OFFSET
         </TASK>
        zramfs: kn->active#N is the active reference of /zram1/disksize

        """
}
