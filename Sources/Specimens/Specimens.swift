import DriverModel
import KernelCore
import KernelModule
import SystemPackage

/// Drivers with the disease, or suspected of it: what the thread named beside zram.
public enum Specimens {
    /// What somebody proposed to change in them.
    public struct Fixes: Sendable {
        /// v6: `test_sysfs` pins itself inside its show and store methods.
        public var pinsInStores = false
        /// `test_firmware` deregisters its device before it takes its mutex, as Ming Lei advised.
        public var deregistersUnlocked = false
        /// `fsl_mpic_timer_wakeup` waits for its work before it frees what that uses.
        public var cancelsWork = false

        /// As they are in mainline.
        public init() {}
    }

    /// What `modinfo` says of each.
    public static let infos = [TestSysfs.info, TestFirmware.info, FslMpicTimerWakeup.info]

    /// Describes the drivers to a module table.
    ///
    /// - Parameter fixes: asked at each load.
    public static func definitions(core: DriverCore, fixes: @escaping () -> Fixes) -> [ModuleDefinition] {
        [
            ModuleDefinition(TestSysfs.info) { TestSysfs(core: core, module: $0, fixes: fixes()) },
            ModuleDefinition(TestFirmware.info) { TestFirmware(core: core, module: $0, fixes: fixes()) },
            ModuleDefinition(FslMpicTimerWakeup.info) { FslMpicTimerWakeup(core: core, module: $0, fixes: fixes()) },
        ]
    }
}
