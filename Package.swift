// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built alike: Swift 6 mode, nonisolated async functions stay on the caller's executor
/// (a simulated kernel is one isolation domain), and a warning is an error.
let settings: [SwiftSetting] = [
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
        layer("KernelCore", [system]),
        layer("KernelModule", ["KernelCore", system]),
        layer("Kernfs", ["KernelCore", "KernelModule", system]),
        layer("CPUHotplug", ["KernelCore", system]),
        layer("DriverModel", ["KernelCore", "KernelModule", "Kernfs", system]),
        layer("Zram", ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", system]),
        layer(
            "Machine", ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", "Zram", system]),
        .target(name: "CPageStoreShims"),
        layer(
            "Explorer",
            ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", "Machine", "Zram", system]),
        .executableTarget(
            name: "explorer-bench", dependencies: ["Explorer", "Zram"], path: "Tests/Bench/Explorer",
            swiftSettings: settings),
        layer("PageStore", [system, "CPageStoreShims", "CLZ4", "CZstd"]),
        tests("ExplorerTests", ["Explorer", "KernelCore", "Kernfs", "Machine", "Zram"]),
        tests("KernelCoreTests", ["KernelCore"]),
        tests(
            "MachineTests",
            ["CPUHotplug", "DriverModel", "KernelCore", "KernelModule", "Kernfs", "Machine", "Zram", system]),
        tests("PageStoreTests", ["PageStore"]),
    ]
)
