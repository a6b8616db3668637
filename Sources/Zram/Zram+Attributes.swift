import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// The driver's files, in array order, which is the order of their removal.
    static func attributes(_ abi: ABI) -> [Attribute<Zram>] { abi == .v5_15 ? old : recent }

    // Made once: an exploration makes thousands of devices.
    private static let old = list(.v5_15)
    private static let recent = list(.v6_18)

    private static func list(_ abi: ABI) -> [Attribute<Zram>] {
        var list = [
            readWrite("disksize", { $0.disksizeShow }, { $0.disksizeStore }),
            readOnly("initstate") { $0.initstateShow },
            writeOnly("reset") { $0.resetStore },
            writeOnly("compact") { $0.compactStore },
            writeOnly("mem_limit") { $0.memLimitStore },
            writeOnly("mem_used_max") { $0.memUsedMaxStore },
            writeOnly("idle") { $0.idleStore },
        ]
        if abi == .v5_15 { list.append(readWrite("max_comp_streams", { $0.streamsShow }, { $0.streamsStore })) }
        list.append(readWrite("comp_algorithm", { $0.compAlgorithmShow }, { $0.compAlgorithmStore }))
        list += [
            readWrite("backing_dev", { $0.backingDevShow }, { $0.backingDevStore }),
            writeOnly("writeback") { $0.writebackStore },
            readWrite("writeback_limit", { $0.writebackLimitShow }, { $0.writebackLimitStore }),
            readWrite("writeback_limit_enable", { $0.writebackLimitEnableShow }, { $0.writebackLimitEnableStore }),
        ]
        list += [
            readOnly("io_stat") { $0.ioStatShow }, readOnly("mm_stat") { $0.mmStatShow },
            readOnly("bd_stat") { $0.bdStatShow }, readOnly("debug_stat") { $0.debugStatShow },
        ]
        if abi == .v6_18 {
            list += [
                readWrite("recomp_algorithm", { $0.recompAlgorithmShow }, { $0.recompAlgorithmStore }),
                writeOnly("recompress") { $0.recompressStore },
                writeOnly("algorithm_params") { $0.algorithmParamsStore },
            ]
        }
        list.append(writeOnly("hot_remove") { $0.selfRemoveStore })
        return list
    }

    typealias Shower = () async throws(Errno) -> String
    typealias Storer = ([UInt8]) async throws(Errno) -> Int

    private static func readOnly(
        _ name: String, _ show: @escaping @Sendable (Zram) -> Shower
    ) -> Attribute<Zram> {
        .readOnly(name) { zram async throws(Errno) in
            try await zram.driver.pinned { () async throws(Errno) in try await show(zram)() }
        }
    }

    private static func writeOnly(
        _ name: String, _ store: @escaping @Sendable (Zram) -> Storer
    ) -> Attribute<Zram> {
        .writeOnly(name) { zram, bytes async throws(Errno) in
            try await zram.driver.pinned { () async throws(Errno) in try await store(zram)(bytes) }
        }
    }

    private static func readWrite(
        _ name: String, _ show: @escaping @Sendable (Zram) -> Shower, _ store: @escaping @Sendable (Zram) -> Storer
    ) -> Attribute<Zram> {
        .readWrite(name) { zram async throws(Errno) in
            try await zram.driver.pinned { () async throws(Errno) in try await show(zram)() }
        } _: { zram, bytes async throws(Errno) in
            try await zram.driver.pinned { () async throws(Errno) in try await store(zram)(bytes) }
        }
    }
}
