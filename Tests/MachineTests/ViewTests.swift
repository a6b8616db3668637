import Kernfs
import SystemPackage
import Testing

@testable import KernelCore
@testable import Machine

/// `MNT/view`: what is simulated among the host's own, brought up to date by whoever looks.
@Suite("The view")
struct ViewTests {
    private func machine() throws -> LiveMachine {
        try LiveMachine { $0.tools = "/usr/bin/zramfs" }
    }

    /// What a lookup of a path in the view finds.
    private func look(_ path: String, _ live: LiveMachine) -> KernfsNode? {
        live.isolation.read {
            var here: KernfsNode? = live.machine.root.node
            for name in path.split(separator: "/") {
                guard let directory = here else { return nil }
                directory.refresh?(String(name))
                here = live.machine.root.lookup(String(name), in: directory)
            }
            return here
        }
    }

    private func target(_ path: String, _ live: LiveMachine) -> String? {
        if case .symlink(let target)? = look(path, live)?.kind { target } else { nil }
    }

    @Test("a device is in every directory once it is added, and in none once it is removed")
    func follows() throws {
        let live = try machine()
        let places = ["block", "class-block", "virtual-block", "dev"]
        for place in places { #expect(look("/view/\(place)/zram1", live) == nil, "\(place)") }
        #expect(live.cat("/zram-control/hot_add").text == "1\n")
        for place in places where place != "virtual-block" {
            #expect(target("/view/\(place)/zram1", live) != nil, "\(place)")
        }
        // A directory, for libudev follows no link out of /sys.
        #expect(look("/view/virtual-block/zram1", live)?.standsFor?.path == "/zram1")
        #expect(target("/view/virtual-block/zram1/subsystem", live) == "../../../../class/block")
        #expect(target("/view/dev-block/253:1", live) == "../../devices/virtual/block/zram1")
        #expect(live.echo("1", "/zram-control/hot_remove").text != nil)
        for place in places { #expect(look("/view/\(place)/zram1", live) == nil, "\(place)") }
        #expect(look("/view/dev-block/253:1", live) == nil)
        #expect(live.echo("zram", "/debug/delete_module").text != nil)
        #expect(look("/view/module/zram", live) == nil)
        #expect(look("/view/class/zram-control", live) == nil)
    }

    @Test("the host's own entries are there, but for its zram")
    func host() throws {
        let live = try machine()
        #expect(target("/view/dev/null", live) == "/dev/.zramfs/dev/null")
        #expect(look("/view/dev/no-such-device", live) == nil)
        #expect(look("/view/dev/zram7", live) == nil)
        let names = live.isolation.read { () -> [String] in
            let directory = live.machine.root.find("/view/dev")!
            directory.refresh?(nil)
            return directory.children.map(\.name)
        }
        #expect(names.contains("null") && names.contains("zram0") && names.contains(".zramfs"))
        #expect(names.count { $0.hasPrefix("zram") } == 1)
    }

    @Test("a disk that is given to swapon is busy until swapoff")
    func swap() throws {
        let live = try machine()
        #expect(live.echo("zram0", "/view/swapon").errno == .invalidArgument)
        live.echo("1M", "/zram0/disksize")
        #expect(live.echo("zram0 5", "/view/swapon").text != nil)
        #expect(live.echo("zram0", "/view/swapon").errno == .resourceBusy)
        #expect(live.cat("/view/proc-swaps").text?.contains("/dev/zram0 ") == true)
        #expect(live.echo("1", "/zram0/reset").errno == .resourceBusy)
        #expect(live.echo("zram0", "/view/swapoff").text != nil)
        #expect(live.echo("zram0", "/view/swapoff").errno == .invalidArgument)
        // Nobody keeps the tasks that opened it: others closed it.
        live.echo("1M", "/zram0/disksize")
        for _ in 0..<9 {
            #expect(live.echo("zram0", "/view/swapon").text != nil && live.echo("zram0", "/view/swapoff").text != nil)
        }
        #expect(live.isolation.read { live.machine.kernel.keepers.isEmpty })
        #expect(live.echo("1", "/zram0/reset").text != nil)
    }

    @Test("the count of what went wrong, and when it began")
    func counts() throws {
        let live = try machine()
        #expect(live.cat("/debug/counts").text?.contains("deadlocks 0\noopses 0\nwarnings 0\n") == true)
        #expect(live.cat("/debug/counts").text?.contains("first_failure_us 0\n") == true)
    }

    @Test("a kernel whose tasks were delayed goes when it is halted")
    func delayed() async {
        weak var gone: Kernel?
        do {
            let kernel = Kernel(mode: .live, executor: KernelExecutor())
            gone = kernel
            var rings: [() -> Void] = []
            kernel.alarm = { rings.append($1) }
            kernel.jitter = Jitter(seed: 1, longest: 1_000_000)
            let mutex = Mutex(kernel: kernel, name: "m")
            kernel.spawn("delayed") { _ in for _ in 0..<9 { await mutex.withLock {} } }
            kernel.executor.drain()
            #expect(!rings.isEmpty)
            kernel.halt()
        }
        #expect(gone == nil)
    }

    @Test("one seed draws the same delays, another does not")
    func jitter() throws {
        func draw(_ seed: UInt64) -> [UInt64] {
            let jitter = Jitter(seed: seed, longest: 1000)
            return (0..<100).map { _ in jitter.next() }
        }
        #expect(draw(1) == draw(1))
        #expect(draw(1) != draw(2))
        #expect(draw(1).allSatisfy { $0 <= 1000 } && draw(1).contains { $0 > 0 } && draw(1).contains(0))
        let live = try machine()
        #expect(live.echo("7 50", "/debug/jitter").text != nil)
        #expect(live.cat("/debug/jitter").text == "7 50\n")
        for word in ["", "x", "1 0", "1 2 3"] { #expect(live.echo(word, "/debug/jitter").errno == .invalidArgument) }
        #expect(live.echo("off", "/debug/jitter").text != nil)
        #expect(live.cat("/debug/jitter").text == "off\n")
    }
}
