import KernelCore

/// Changes to the baseline (v5.15) that somebody proposed; they combine freely.
public enum Patch: String, CaseIterable, Sendable, Comparable {
    /// 5.16, 1/4: `init_lock` is held until the reset is complete.
    case resetHoldsInitLock = "reset-holds-init-lock"
    /// 5.16, 2/4: removal no longer fails because a reset holds the claim.
    case removeIgnoresClaim = "remove-ignores-claim"
    /// 5.16, 3/4: a second reset once no store can run any more.
    case resetAfterDelGendisk = "reset-after-del-gendisk"
    /// 5.16, 4/4: `sync_blockdev` in place of `fsync_bdev`.
    case syncBlockdev = "sync-blockdev"
    /// Ming's first version: `open_mutex` over the whole reset, and no claim.
    case openMutexOverReset = "open-mutex-over-reset"
    /// v8 11/12: a global mutex over stores and module exit, and an `up` flag.
    case zramUp = "zram-up"
    /// v8 9/12: every active reference pins the module.
    case kernfsPinsModule = "kernfs-pins-module"
    /// v6: the module is pinned inside show and store.
    case storePinsModule = "store-pins-module"
    /// 9/12 as posted: break and unbreak of an active reference put the module twice.
    case noUnbreakPairing = "no-unbreak-pairing"
    /// A store that removes its own file with a plain removal.
    case naiveSelfRemove = "naive-self-remove"

    /// `test_firmware` deregisters its device outside its mutex (Ming's advice).
    case deregisterUnlocked = "deregister-unlocked"
    /// `fsl_mpic_timer_wakeup` waits for its work at exit; nobody has proposed it yet.
    case cancelWork = "cancel-work"

    /// True for what concerns zram or all drivers; the others each cure a driver beside it.
    public var concernsZram: Bool { self != .deregisterUnlocked && self != .cancelWork }

    /// What it changes, in a line.
    public var summary: String {
        switch self {
        case .resetHoldsInitLock: "init_lock is held until the reset is complete (5.16, 1/4)"
        case .removeIgnoresClaim: "removal does not fail for a reset's claim (5.16, 2/4)"
        case .resetAfterDelGendisk: "a second reset after del_gendisk (5.16, 3/4)"
        case .syncBlockdev: "sync_blockdev replaces fsync_bdev (5.16, 4/4)"
        case .openMutexOverReset: "open_mutex over the whole reset, no claim (Ming, V1)"
        case .zramUp: "zram_index_mutex over stores and module exit, and zram_up (v8 11/12)"
        case .kernfsPinsModule: "every active reference pins the module (v8 9/12)"
        case .storePinsModule: "show and store pin the module themselves (v6)"
        case .noUnbreakPairing: "break/unbreak puts the module twice (9/12 as posted)"
        case .naiveSelfRemove: "zramN/hot_remove drains itself"
        case .deregisterUnlocked: "test_firmware deregisters outside its mutex (Ming's advice)"
        case .cancelWork: "fsl_mpic_timer_wakeup waits for its work at exit"
        }
    }

    /// In the order of the list.
    public static func < (left: Patch, right: Patch) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// A set of patches, asked at each place of a change: a bit each, because a `Set` would hash their names.
struct PatchBits {
    private let bits: UInt32
    private unowned(unsafe) let kernel: Kernel

    init(_ patches: Set<Patch>, _ kernel: Kernel) {
        bits = patches.reduce(0) { $0 | Self.bit($1) }
        self.kernel = kernel
    }

    @inline(__always)
    func contains(_ patch: Patch) -> Bool {
        let isThere = bits & Self.bit(patch) != 0
        if let coverage = kernel.coverage { coverage.asked(Self.bit(patch), patch.rawValue, isThere) }
        return isThere
    }

    @inline(__always)
    private static func bit(_ patch: Patch) -> UInt32 {
        switch patch {
        case .resetHoldsInitLock: 1
        case .removeIgnoresClaim: 2
        case .resetAfterDelGendisk: 4
        case .syncBlockdev: 8
        case .openMutexOverReset: 16
        case .zramUp: 32
        case .kernfsPinsModule: 64
        case .storePinsModule: 128
        case .noUnbreakPairing: 256
        case .naiveSelfRemove: 512
        case .deregisterUnlocked, .cancelWork: 0
        }
    }
}

/// A named set of patches.
public struct Policy: Sendable {
    /// The name, e.g. `v8-11`.
    public let name: String
    /// What it switches on.
    public let patches: Set<Patch>
    /// What it stands for, in a line.
    public let summary: String

    /// All policies, oldest first.
    public static let all: [Policy] = [
        Policy(name: "5.15", patches: [], summary: "mainline before any fix"),
        Policy(name: "v1", patches: [.openMutexOverReset], summary: "Ming's first version"),
        Policy(name: "v6", patches: [.zramUp, .storePinsModule], summary: "Luis's v6: pins inside the stores"),
        Policy(name: "v8-11", patches: [.zramUp], summary: "v8 11/12 without 9/12: the deadlock"),
        Policy(name: "v8", patches: [.zramUp, .kernfsPinsModule], summary: "Luis's v8: 9/12 and 11/12"),
        Policy(
            name: "5.16",
            patches: [.resetHoldsInitLock, .removeIgnoresClaim, .resetAfterDelGendisk, .syncBlockdev],
            summary: "Ming's four patches, merged"),
    ]

    /// The policy of that name.
    public static func named(_ name: String) -> Policy? { all.first { $0.name == name } }
}
