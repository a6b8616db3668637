import DriverModel
import KernelCore
import KernelModule
import SystemPackage

extension ZramDriver {
    /// The files of `/zram-control`.
    var controlAttributes: [Attribute<ZramDriver>] {
        [
            Attribute(
                "hot_add", mode: 0o400,
                show: { driver async throws(Errno) in
                    try await driver.pinned { () async throws(Errno) in try await driver.hotAddShow() }
                }),
            Attribute(
                "hot_remove", mode: 0o200,
                store: { driver, bytes async throws(Errno) in
                    try await driver.pinned { () async throws(Errno) in try await driver.hotRemoveStore(bytes) }
                }),
        ]
    }

    /// Adds a device and says its number; each show adds one.
    private func hotAddShow() async throws(Errno) -> String {
        kernel.enter("hot_add_show")
        defer { kernel.leave() }
        return try await indexMutex.withLock { () async throws(Errno) in
            try checkUp()
            return "\(try await zramAdd())\n"
        }
    }

    private func hotRemoveStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("hot_remove_store")
        defer { kernel.leave() }
        let id: Int32 = try Parse.signed(bytes)
        guard id >= 0 else { throw .invalidArgument }
        try await hotRemove(Int(id))
        return bytes.count
    }

    /// Removes a device by number.
    ///
    /// - Throws: `ENODEV` for an unknown number, or under `zram-up` once the module is going; `EBUSY` if it is in use.
    func hotRemove(_ index: Int) async throws(Errno) {
        try await indexMutex.withLock { () async throws(Errno) in
            try checkUp()
            guard let zram = await devices.load()[index] else { throw .noSuchDevice }
            if mutated("a device leaves the idr before its removal") { await devices.update { $0[index] = nil } }
            try await zram.zramRemove()
            if !mutated("a removed device stays in the idr") { await devices.update { $0[index] = nil } }
        }
    }

    private func checkUp() throws(Errno) {
        guard patches.contains(.zramUp), !kernel.isHalting else { return }
        if !isUp.value, !mutated("hot_add and hot_remove ignore zram_up") { throw .noSuchDevice }
    }

    /// Adds a device with the lowest free number; call it under `zram_index_mutex`.
    ///
    /// - Throws: `EEXIST` if a device that an earlier module left behind has the name.
    ///
    /// The corresponding kernel function is `zram_add`.
    func zramAdd() async throws(Errno) -> Int {
        kernel.enter()
        defer { kernel.leave() }
        let index = await devices.load().firstFree
        let zram = Zram(self, index: index)
        await devices.update { $0[index] = zram }
        do throws(Errno) {
            try zram.disk.add(Zram.attributes(abi), of: zram)
        } catch {
            await devices.update { $0[index] = nil }
            zram.disk.cleanUp()
            zram.free()
            throw error
        }
        // The files are visible already: a disksize written now finds no compressor.
        if !mutated("a device has no compressor") { await zram.compressor.store(defaultAlgorithm) }
        if let kept = memory.takeKept(disk: zram.disk.name) { await zram.restore(kept) }
        zram.registerDebugfs()
        kernel.log.print(.info, "zram: Added device: \(zram.disk.name)")
        return index
    }

    /// Runs a show or store; under `store-pins-module` holds a module reference meanwhile.
    ///
    /// - Throws: `ENODEV` under `store-pins-module` once the module is going.
    @inline(__always)
    func pinned<R>(_ body: () async throws(Errno) -> R) async throws(Errno) -> R {
        guard patches.contains(.storePinsModule) else { return try await body() }
        guard await module.tryGet() || mutated("a pin of v6 is not looked at") else { throw .noSuchDevice }
        do throws(Errno) {
            let result = try await body()
            await module.put()
            return result
        } catch {
            await module.put()
            throw error
        }
    }
}
