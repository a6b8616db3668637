import DriverModel
import KernelCore
import KernelModule
import SystemPackage

extension TestSysfsDevice {
    /// The attributes, in array order.
    static let attributes: [Attribute<TestSysfsDevice>] = [
        .readOnly("config") { device async throws(Errno) in
            try await device.call("config_show") { () async throws(Errno) in await device.config() }
        },
        .writeOnly("reset") { device, bytes async throws(Errno) in
            try await device.call("reset_store") { () async throws(Errno) in
                await device.reset()
                return bytes.count
            }
        },
        .readWrite(
            "test_dev_x",
            { device async throws(Errno) in
                try await device.call("test_dev_x_show") { () async throws(Errno) in await device.show(device.x) }
            },
            { device, bytes async throws(Errno) in
                try await device.call("test_dev_x_store") { () async throws(Errno) in try await device.storeX(bytes) }
            }),
        .readWrite(
            "test_dev_y",
            { device async throws(Errno) in
                try await device.call("test_dev_y_show") { () async throws(Errno) in await device.show(device.y) }
            },
            { device, bytes async throws(Errno) in
                try await device.call("test_dev_y_store") { () async throws(Errno) in try await device.storeY(bytes) }
            }),
        setting(
            "config_enable_lock_show", "config_enable_lock_store", locks: (show: true, store: false),
            { await $0.locks.load() ? 1 : 0 }, { await $0.locks.store($1 != 0) }),
        setting(
            "config_enable_lock_on_rmmod_show", "config_enable_lock_on_rmmod_store", locks: (show: true, store: true),
            { await $0.locksOnRemoval.load() ? 1 : 0 }, { await $0.locksOnRemoval.store($1 != 0) }),
        setting(
            "config_use_rtnl_lock_show", "config_use_rtnl_lock_store", locks: (show: false, store: false),
            { await $0.usesRtnl.load() ? 1 : 0 }, { await $0.usesRtnl.store($1 != 0) }),
        setting(
            "config_write_delay_msec_y_show", "config_write_delay_msec_y_store", locks: (show: false, store: true),
            { await $0.delay.load() }, { await $0.delay.store($1) }),
        setting(
            "config_enable_busy_alloc_show", "config_enable_busy_alloc_store", locks: (show: false, store: true),
            { await $0.allocates.load() ? 1 : 0 }, { await $0.allocates.store($1 != 0) }),
    ]

    /// A number of the configuration; some methods take the lock that the configuration names, some do not.
    private static func setting(
        _ show: StaticString, _ store: StaticString, locks: (show: Bool, store: Bool),
        _ get: @escaping @Sendable (TestSysfsDevice) async -> Int32,
        _ set: @escaping @Sendable (TestSysfsDevice, Int32) async -> Void
    ) -> Attribute<TestSysfsDevice> {
        .readWrite(
            String("\(show)".dropLast("_show".count)),
            { device async throws(Errno) in
                try await device.call(show) { () async throws(Errno) in
                    "\(locks.show ? await device.locked { await get(device) } : await get(device))\n"
                }
            },
            { device, bytes async throws(Errno) in
                try await device.call(store) { () async throws(Errno) in
                    let value: Int32 = try Parse.signed(bytes)
                    if locks.store {
                        await device.locked { await set(device, value) }
                    } else {
                        await set(device, value)
                    }
                    return bytes.count
                }
            })
    }

    /// Runs a method; under v6, which wraps every one of them, it pins the module meanwhile.
    ///
    /// - Throws: `ENODEV` under v6 once the module is going.
    private func call<R>(_ function: StaticString, _ body: () async throws(Errno) -> R) async throws(Errno) -> R {
        kernel.enter(function)
        defer { kernel.leave() }
        touch()
        guard driver.fixes.pinsInStores else { return try await body() }
        guard await driver.module.tryGet() else { throw .noSuchDevice }
        do throws(Errno) {
            let result = try await body()
            await driver.module.put()
            return result
        } catch {
            await driver.module.put()
            throw error
        }
    }

    private func locked<R>(_ body: () async -> R) async -> R {
        await lock()
        let result = await body()
        await unlock()
        return result
    }

    private func show(_ variable: Racy<Int32>) async -> String { await locked { "\(await variable.load())\n" } }

    /// What the driver says of a bad number only once it has given the lock back.
    private func storeX(_ bytes: [UInt8]) async throws(Errno) -> Int {
        await allocate()
        await lock()
        let parsed = Self.parse(bytes)
        if case .success(let value) = parsed { await x.store(value) }
        if driver.module.parameters.isOn("enable_verbose_writes") { log("wrote x = \(await x.load())") }
        await unlock()
        _ = try parsed.get()
        return bytes.count
    }

    /// Slow, and a sum: y is what was written plus x and 7. A bad number counts as 0, and is refused all the same.
    private func storeY(_ bytes: [UInt8]) async throws(Errno) -> Int {
        await allocate()
        await lock()
        let parsed = Self.parse(bytes)
        let milliseconds = await delay.load()
        await Timer.sleep(kernel, milliseconds: UInt64(max(0, milliseconds)))
        let value = await x.load() &+ ((try? parsed.get()) ?? 0) &+ 7
        await y.store(value)
        if driver.module.parameters.isOn("enable_verbose_writes") { log("wrote y = \(value)") }
        await unlock()
        _ = try parsed.get()
        return bytes.count
    }

    private static func parse(_ bytes: [UInt8]) -> Result<Int32, Errno> {
        Result { () throws(Errno) in try Parse.signed(bytes) }
    }

    /// The driver's `test_dev_busy_alloc`: allocates and frees, for the allocator's sake.
    private func allocate() async {
        guard await allocates.load() else { return }
        KernelMemory(kernel: kernel, kind: "busy alloc").free()
    }

    /// All off but the delay, x and y as at first, with no lock. The driver's `reset_store`.
    private func reset() async {
        for flag in [locks, locksOnRemoval, usesRtnl, allocates] { await flag.store(false) }
        await resetValues()
        log("reset")
    }

    /// The driver's `config_show`, with its spelling.
    private func config() async -> String {
        await lock()
        func word(_ value: Bool) -> String { value ? "true" : "false" }
        let parameters = driver.module.parameters
        var text = "Configuration for: \(Self.name)\n"
        text += "x:\t\(await x.load())\ny:\t\(await y.load())\n"
        text += "enable_lock:\t\(word(await locks.load()))\n"
        text += "enable_lock_on_rmmmod:\t\(word(await locksOnRemoval.load()))\n"
        text += "use_rtnl_lock:\t\(word(await usesRtnl.load()))\n"
        text += "write_delay_msec_y:\t\(await delay.load())\n"
        text += "enable_busy_alloc:\t\(word(await allocates.load()))\n"
        for name in ["enable_debugfs", "enable_verbose_writes", "enable_completion_on_rmmod"] {
            text += "\(name):\t\(word(parameters.isOn(name)))\n"
        }
        await unlock()
        return text
    }
}
