// swift-tools-version: 6.2
import PackageDescription

/// `make mutations`: a build that has faults which can be switched on.
let mutations: [SwiftSetting] = Context.environment["ZRAMFS_MUTATIONS"] != nil ? [.define("ZRAMFS_MUTATIONS")] : []

/// Every Swift target is built alike: Swift 6 mode, nonisolated async functions stay on the caller's executor
/// (a simulated kernel is one isolation domain), and a warning is an error.
let settings: [SwiftSetting] =
    mutations + [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
        // A simulated kernel is one isolation domain: the dynamic check costs the explorer a tenth of its time.
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// A library target of the house; the list below is in the order of the layers, lowest first.
func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "zramfs",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLzo", pkgConfig: "lzo2", providers: [.apt(["liblzo2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CHostGuardShims"),
        layer("HostGuard", ["CHostGuardShims"]),
        .target(name: "CKernelCoreShims"),
        layer("KernelCore", ["CKernelCoreShims", system]),
        layer("KernelModule", ["KernelCore", system]),
        layer("Kernfs", ["KernelCore", "KernelModule", system]),
        layer("CPUHotplug", ["KernelCore", system]),
        layer("DriverModel", ["KernelCore", "KernelModule", "Kernfs", system]),
        layer("Reports", ["KernelCore"]),
        layer("Zram", ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", system]),
        layer("Specimens", ["DriverModel", "KernelCore", "KernelModule", "Kernfs", system]),
        layer(
            "Machine",
            [
                "CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", "Reports", "Specimens", "Zram",
                system,
            ]),
        .target(name: "CFuseShims", dependencies: ["CFuse3"]),
        layer("FuseBridge", ["CFuse3", "CFuseShims", "KernelCore", "Kernfs", system]),
        .target(name: "CPageStoreShims"),
        layer(
            "Explorer",
            [
                "CPUHotplug", "DriverModel", "HostGuard", "KernelCore", "KernelModule", "Kernfs", "Machine", "Zram",
                system,
            ]),
        .executableTarget(
            name: "explorer-bench", dependencies: ["Explorer", "Zram"], path: "Tests/Bench/Explorer",
            swiftSettings: settings),
        .target(
            name: "Judges", dependencies: ["Explorer", "Zram"], path: "Tests/Judges/Library", swiftSettings: settings),
        .executableTarget(
            name: "judge",
            dependencies: [
                "Explorer", "Judges", "KernelCore", "Zram",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Judges/Command", swiftSettings: settings),
        layer("PageStore", [system, "CPageStoreShims", "CLZ4", "CLzo", "CZlib", "CZstd"]),
        .target(name: "CRunShims"),
        .executableTarget(
            name: "zramfs",
            dependencies: [
                "CRunShims", "DriverModel", "Explorer", "FuseBridge", "HostGuard", "KernelCore", "KernelModule",
                "Kernfs", "Machine",
                "PageStore",
                "Reports", "Zram",
                system, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        tests("FuseBridgeTests", ["FuseBridge", "KernelCore", "Kernfs", system]),
        tests("CPUHotplugTests", ["CPUHotplug", "KernelCore", system]),
        tests(
            "ExplorerTests",
            ["DriverModel", "Explorer", "KernelCore", "KernelModule", "Kernfs", "Machine", "Zram", system]),
        tests("HostGuardTests", ["HostGuard"]),
        tests("JudgesTests", ["Explorer", "Judges", "Zram"]),
        tests("KernelCoreTests", ["KernelCore", system]),
        tests("KernelModuleTests", ["KernelCore", "KernelModule", system]),
        tests("KernfsTests", ["KernelCore", "KernelModule", "Kernfs", system]),
        tests(
            "MachineTests",
            ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", "Machine", "Reports", "Zram", system]),
        tests("PageStoreTests", ["PageStore"]),
        tests("ReportsTests", ["KernelCore", "Reports"]),
    ]
)

// libFuzzer and an address sanitizer have to be linked in: `make fuzz`.
if Context.environment["ZRAMFS_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "image-fuzz", dependencies: ["CPageStoreShims", "PageStore", system], path: "Tests/Fuzz",
            swiftSettings: settings))
}
