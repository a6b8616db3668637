import DriverModel
import KernelCore
import KernelModule
import Kernfs
import SystemPackage

extension Zram {
    /// A line for each stored page: its number, when it was accessed last, and what it is.
    ///
    /// - Throws: `EINVAL` before a disksize is set.
    func blockStateShow() async throws(Errno) -> String {
        kernel.enter("read_block_state")
        defer { kernel.leave() }
        return try await initLock.withRead { () async throws(Errno) in
            guard isInitialised else { throw .invalidArgument }
            guard let pool = await pool() else { return "" }
            var text = ""
            for state in pool.states() {
                let flags = state.flags
                text +=
                    Self.padded(String(state.page), 12) + " " + Self.padded(String(state.microseconds / 1_000_000), 12)
                    + "." + Self.padded(String(state.microseconds % 1_000_000), 6, with: "0") + " "
                    + (flags.s ? "s" : ".") + (flags.w ? "w" : ".") + (flags.h ? "h" : ".") + (flags.i ? "i" : ".")
                if driver.abi == .v6_18 { text += (flags.r ? "r" : ".") + (flags.n ? "n" : ".") }
                text += "\n"
            }
            return text
        }
    }

    private static func padded(_ text: String, _ width: Int, with filler: Character = " ") -> String {
        String(repeating: filler, count: max(0, width - text.utf8.count)) + text
    }

    /// Adds `debug/zram/zramN/block_state`. The kernel's `zram_debugfs_register`; as there a failure is nobody's concern.
    func registerDebugfs() {
        guard driver.core.shows("block_state"), let debug = driver.core.root.node.child("debug") else { return }
        let root = driver.core.root
        guard let zram = debug.child("zram") ?? (try? root.makeDirectory("zram", in: debug, mode: 0o700)),
            let directory = try? root.makeDirectory(disk.name, in: zram, mode: 0o700)
        else { return }
        _ = try? root.makeFile("block_state", in: directory, mode: 0o400, ops: BlockState(self))
    }

    /// The kernel's `zram_debugfs_unregister`: waits for readers.
    func unregisterDebugfs() async {
        guard driver.core.shows("block_state"), let zram = driver.core.root.node.child("debug")?.child("zram"),
            let directory = zram.child(disk.name)
        else { return }
        await driver.core.root.remove("block_state", from: directory)
        await driver.core.root.remove(directory)
    }

    /// The file. Unlike an attribute's its text may be longer than a page.
    private final class BlockState: KernfsOps {
        private let disk: Gendisk

        init(_ zram: Zram) { disk = zram.disk }

        var isTextGone: Bool { disk.module.isFreed }
        var isDebugfs: Bool { true }
        var canShow: Bool { true }
        var canStore: Bool { false }

        func show() async throws(Errno) -> String {
            guard let zram = disk.operations as? Zram else { throw .noSuchDevice }
            return try await zram.blockStateShow()
        }

        /// The file has no owner that would keep the driver in place.
        func release() async {
            let module = disk.module
            module.kernel.enter("full_proxy_release")
            defer { module.kernel.leave() }
            await module.run { () async throws(Never) in
                if module.isFreed { await module.kernel.step(.text, on: module) }
            }
        }

        func store(_ bytes: [UInt8]) async throws(Errno) -> Int { throw .ioError }
    }
}
