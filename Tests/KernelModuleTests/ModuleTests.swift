import KernelCore
import SystemPackage
import Testing

@testable import KernelModule

/// A module whose init and exit wait for locks that the test holds.
private final class Code: ModuleCode {
    unowned let bench: Bench
    let error: Errno?
    init(_ bench: Bench, _ error: Errno?) {
        self.bench = bench
        self.error = error
    }
    func load() async throws(Errno) {
        await bench.initLock.withLock {}
        if let error { throw error }
    }
    func exit() async { await bench.exitLock.withLock {} }
}

private final class Bench {
    let isolation = LiveIsolation()
    let kernel: Kernel
    let table: ModuleTable
    let initLock: Mutex
    let exitLock: Mutex
    var error: Errno?
    var results: [String: Result<Void, Errno>] = [:]

    init() {
        kernel = Kernel(mode: .live, executor: isolation.executor)
        table = ModuleTable(kernel: kernel)
        initLock = Mutex(kernel: kernel, name: "init")
        exitLock = Mutex(kernel: kernel, name: "exit")
        table.install(
            ModuleDefinition(
                ModuleInfo(
                    name: "m", folder: "lib", size: 4096, description: "",
                    parameters: [
                        ModuleParameter("n", .uint(1), mode: 0o644, ""), ModuleParameter("on", .enableOnly, ""),
                    ])
            ) { [unowned self] _ in
                Code(self, error)
            })
    }

    deinit { isolation.run { kernel.halt() } }

    func run(_ name: String, _ body: @escaping () async throws(Errno) -> Void) {
        isolation.run {
            kernel.spawn(name) { [unowned self] _ in
                do throws(Errno) {
                    try await body()
                    results[name] = .success(())
                } catch {
                    results[name] = .failure(error)
                }
            }
        }
    }

    func load(_ name: String = "load") { run(name) { () async throws(Errno) in try await self.table.load("m") } }
    func delete(_ name: String = "delete", force: Bool = false) {
        run(name) { () async throws(Errno) in try await self.table.delete("m", force: force) }
    }
    func errno(_ name: String) -> Errno? { if case .failure(let errno)? = results[name] { errno } else { nil } }
    func isDone(_ name: String) -> Bool { if case .success? = results[name] { true } else { false } }
}

@Suite("Modules")
struct ModuleTests {
    @Test("load, refcnt, delete, and their errnos")
    func life() {
        let bench = Bench()
        bench.delete("absent")
        #expect(bench.errno("absent") == .noSuchFileOrDirectory)
        bench.load()
        #expect(bench.table.find("m")?.state == .live && bench.table.find("m")?.refcnt == 0)
        #expect(bench.table.procModules == "m 4096 0 - Live 0x0000000000000000\n")
        bench.load("again")
        #expect(bench.errno("again") == .fileExists)
        let module = bench.table.find("m")!
        bench.run("get") { () async throws(Errno) in _ = await module.tryGet() }
        #expect(module.refcnt == 1)
        bench.delete("busy")
        #expect(bench.errno("busy") == .wouldBlock && module.state == .live && module.refcnt == 1)
        bench.run("put") { () async throws(Errno) in await module.put() }
        bench.delete()
        #expect(bench.isDone("delete") && module.isFreed && bench.table.modules.isEmpty)
    }

    @Test("while exit is stuck: EBUSY for a second rmmod, -1 Unloading, no references")
    func going() {
        let bench = Bench()
        bench.load()
        let module = bench.table.find("m")!
        bench.run("hold") { () async throws(Errno) in await bench.exitLock.lock() }
        bench.delete()
        #expect(bench.results["delete"] == nil && module.state == .going && module.refcnt == -1)
        #expect(bench.table.procModules == "m 4096 -1 - Unloading 0x0000000000000000\n")
        bench.delete("second")
        #expect(bench.errno("second") == .resourceBusy)
        var got = true
        bench.run("get") { () async throws(Errno) in got = await module.tryGet() }
        #expect(!got)
    }

    @Test("loading a module that is going: 5.15 waits, and a signal ends the wait; later kernels say EBUSY")
    func loadWhileGoing() {
        let bench = Bench()
        bench.load()
        bench.run("hold") { () async throws(Errno) in await bench.exitLock.lock() }
        bench.delete()
        bench.load("waits")
        #expect(bench.results["waits"] == nil)
        bench.isolation.run { bench.kernel.tasks.first { $0.name == "waits" }?.signal() }
        #expect(bench.errno("waits") == .interrupted)
        bench.table.waitsForGoing = false
        bench.load("refused")
        #expect(bench.errno("refused") == .resourceBusy)
    }

    @Test("an init that fails unloads the module; its errno is returned")
    func failingInit() {
        let bench = Bench()
        bench.error = .noMemory
        bench.load()
        #expect(bench.errno("load") == .noMemory && bench.table.modules.isEmpty)
    }

    @Test("while init runs the refcount is 1 and rmmod says EBUSY")
    func coming() {
        let bench = Bench()
        bench.run("hold") { () async throws(Errno) in await bench.initLock.lock() }
        bench.load()
        let module = bench.table.find("m")!
        #expect(module.state == .coming && module.refcnt == 1)
        bench.delete()
        #expect(bench.errno("delete") == .resourceBusy)
    }

    @Test("force removes a module that is in use, and taints")
    func force() {
        let bench = Bench()
        bench.load()
        let module = bench.table.find("m")!
        bench.run("get") { () async throws(Errno) in _ = await module.tryGet() }
        bench.delete(force: true)
        #expect(bench.isDone("delete") && bench.kernel.taints.contains("R"))
    }
}
