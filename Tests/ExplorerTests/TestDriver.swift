import DriverModel
import KernelCore
import KernelModule
import SystemPackage
import Zram

@testable import Explorer

/// A driver of the tests' own, with attributes in `/trial`; a scenario loads it with `modprobe trial`.
///
/// What it does wrong on purpose is what a newcomer's driver would: the explorer has to see it.
final class TestDriver: ModuleCode {
    static let info = ModuleInfo(name: "trial", folder: "lib", size: 4096, description: "test driver")

    let core: DriverCore
    let module: Module
    let mutex: Mutex
    let semaphore: RWSemaphore
    let value: Racy<UInt64>
    let guarded: Guarded<UInt64>
    /// Shared, and noted nowhere.
    var plain = 0
    private let misc: MiscDevice
    var kernel: Kernel { core.kernel }

    init(core: DriverCore, module: Module) {
        self.core = core
        self.module = module
        let mutex = Mutex(kernel: core.kernel, name: "trial_mutex", in: module.data)
        self.mutex = mutex
        semaphore = RWSemaphore(kernel: core.kernel, name: "trial_sem", in: module.data)
        value = Racy(0, in: module.data, name: "trial_value")
        guarded = Guarded(0, in: module.data, name: "trial_guarded") { mutex.isHeldByCurrent }
        misc = MiscDevice("trial", core: core)
    }

    func load() async throws(Errno) { try await misc.register(Self.attributes, of: self, module: module) }

    func exit() async { await misc.deregister() }

    /// A scenario whose machine has the driver, and whose first terminals find it loaded.
    static func scenario(_ scripts: [String: String], terminals: String = "") throws -> Scenario {
        try Scenario(
            name: "trial", scripts: scripts.merging(["setup": "modprobe trial"]) { $1 }, terminals: terminals,
            drivers: [{ core in ModuleDefinition(Self.info) { TestDriver(core: core, module: $0) } }])
    }

    private func warn(_ what: String) { kernel.warn("trial", what, at: "lib/trial.c:1", in: "trial_store") }

    private static func store(
        _ name: String, _ body: @escaping @Sendable (TestDriver) async throws(Errno) -> Void
    ) -> Attribute<TestDriver> {
        .writeOnly(name) { driver, bytes async throws(Errno) in
            try await body(driver)
            return bytes.count
        }
    }

    private static let attributes = [
        // Takes the lock and gives it back.
        store("hold") { driver async throws(Errno) in
            await driver.mutex.lock()
            await driver.mutex.unlock()
        },
        // Whoever finds it taken says so.
        store("try") { driver async throws(Errno) in
            guard await driver.mutex.tryLock() else { return driver.warn("it is taken") }
            await driver.mutex.unlock()
        },
        // Tries twice, and counts how often in vain.
        store("retry") { driver async throws(Errno) in
            for _ in 0..<2 {
                if await driver.mutex.tryLock() {
                    await driver.mutex.unlock()
                    return
                }
                await driver.value.update { $0 += 1 }
            }
            throw .resourceBusy
        },
        store("unguarded") { driver async throws(Errno) in driver.guarded.value += 1 },
        store("twice") { driver async throws(Errno) in
            await driver.semaphore.downWrite()
            await driver.semaphore.upWrite()
            await driver.semaphore.upWrite()
        },
        store("set_plain") { driver async throws(Errno) in
            await driver.mutex.withLock { driver.plain = 1 }
        },
        store("use_plain") { driver async throws(Errno) in
            let isSet = await driver.mutex.withLock { driver.plain != 0 }
            await driver.mutex.withLock { if isSet { driver.warn("it is set") } }
        },
        // As many threads of the kernel's own as there are writes.
        store("spawn") { driver async throws(Errno) in
            driver.kernel.spawn("trial") { _ in await driver.mutex.withLock {} }
        },
    ]
}
