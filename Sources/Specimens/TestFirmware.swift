import DriverModel
import KernelCore
import KernelModule
import SystemPackage

/// The first driver that Luis Chamberlain named, and Ming Lei agreed on: it deregisters its misc device under the mutex
/// that nearly all of its attributes take. The kernel's `lib/test_firmware.c`.
///
/// This machine has no firmware: each request fails as the kernel's does then. Batched requests are left out.
public final class TestFirmware: ModuleCode {
    /// What `modinfo test_firmware` says.
    public static let info = ModuleInfo(
        name: "test_firmware", folder: "lib", size: 32768, description: "firmware loading test driver")

    private let core: DriverCore
    private let module: Module
    private let fixes: Specimens.Fixes
    private let misc: MiscDevice
    /// The driver's `test_fw_mutex`.
    let mutex: Mutex
    /// The driver's `test_fw_config`.
    var config: TestFirmwareConfig? { configPointer.target }
    private let configPointer: Pointer<TestFirmwareConfig>
    var kernel: Kernel { core.kernel }

    init(core: DriverCore, module: Module, fixes: Specimens.Fixes) {
        self.core = core
        self.module = module
        self.fixes = fixes
        misc = MiscDevice("test_firmware", core: core)
        mutex = Mutex(kernel: core.kernel, name: "test_fw_mutex", in: module.data)
        configPointer = Pointer(in: module.data, name: "test_fw_config")
    }

    /// The driver's `test_firmware_init`.
    public func load() async throws(Errno) {
        kernel.enter("test_firmware_init")
        defer { kernel.leave() }
        let config = TestFirmwareConfig(kernel: kernel)
        configPointer.target = config
        do throws(Errno) {
            try await misc.register(Self.attributes, of: self, module: module)
        } catch {
            config.free()
            kernel.log.print(.error, "test_firmware: could not register misc device: \(-error.rawValue)")
            throw error
        }
        log("interface ready", .warning)
    }

    /// The driver's `test_firmware_exit`.
    public func exit() async {
        kernel.enter("test_firmware_exit")
        defer { kernel.leave() }
        if mutated("configuration freed before the device goes") { config?.free() }
        if fixes.deregistersUnlocked || mutated("test_firmware deregisters outside its mutex") {
            await misc.deregister()
        }
        await mutex.withLock {
            if !fixes.deregistersUnlocked { await misc.deregister() }
            if !mutated("configuration not freed"), !mutated("configuration freed before the device goes") {
                config?.free()
            }
        }
        log("removed interface", .warning)
    }

    /// Nobody asks for it any more.
    public func forget() { configPointer.target = nil }

    func log(_ text: String, _ level: KernelLog.Level = .info) { kernel.log.print(level, "test_firmware: \(text)") }
}

/// The driver's `struct test_config`.
final class TestFirmwareConfig: KernelMemory {
    /// What can be set.
    struct Settings: Fingerprinted {
        var name = Array("test-firmware.bin".utf8)
        var requests: UInt8 = 4
        var sendsUevent = true
        var intoBuffer = false
        var bufferSize: UInt64 = 1024
        var fileOffset: UInt64 = 0
        var partial = false
        var isDirect = false
        var index: UInt8 = 0

        var fingerprint: UInt64 {
            let flags = [sendsUevent, intoBuffer, partial, isDirect].map(\.fingerprint)
            return (flags + [UInt64(requests), bufferSize, fileOffset, UInt64(index)]).reduce(name.fingerprint) {
                mix($0, $1)
            }
        }
    }

    /// Written under the mutex, but read by most shows without it.
    let settings: Racy<Settings>

    init(kernel: Kernel) {
        let members = Members(kernel)
        settings = Racy(Settings(), in: members, name: "test_fw_config")
        super.init(kernel: kernel, kind: "struct test_config", members: members)
    }
}
