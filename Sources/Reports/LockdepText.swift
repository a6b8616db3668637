import KernelCore

/// The pieces that lockdep's reports are made of.
enum LockdepText {
    /// A lock: where it is, its class, and the function that took it.
    static func lock(
        _ object: KernelObject, _ lockClass: LockClass, at function: String, _ context: ReportContext
    ) -> String {
        "\(address(object)) \(lockClass.usage(isRecent: context.isRecent)), at: \(function)"
    }

    /// A lock that is held.
    static func lock(_ hold: Hold, _ context: ReportContext) -> String? {
        hold.object.lockClass.map {
            lock(hold.object, $0, at: Symbol(hold.function, hold.file).text, context)
        }
    }

    /// The list of a task's locks; what has no class, a module's reference, is none.
    static func held(_ holds: [Hold], by task: KernelTask, _ context: ReportContext) -> [String] {
        let locks = holds.compactMap { lock($0, context) }
        let who = "\(task.name)/\(task.pid)"
        if locks.isEmpty { return ["no locks held by \(who)."] }
        return ["\(locks.count) lock\(locks.count > 1 ? "s" : "") held by \(who):"]
            + locks.enumerated().map { " #\($0): \($1)" }
    }

    /// Made up, but the same for the same object.
    static func address(_ object: KernelObject) -> String {
        // The second-highest bit tells an object from the one whose number it shares.
        Text.hex(0xffff_8881_0000_0000 | UInt64(object.id & 0xff_ffff) << 8 | UInt64(object.id >> 30) << 6, width: 16)
    }

    /// The functions between the one that takes a lock and lockdep, outermost first.
    static func taking(_ lockClass: LockClass, _ mode: Hold.Mode) -> [String] {
        switch lockClass.kind {
        case .mutex: ["__mutex_lock", "lock_acquire"]
        case .rwsem: [mode == .shared ? "down_read" : "down_write", "lock_acquire"]
        case .active: ["lock_acquire"]
        }
    }

    /// One link of the chain: its number, the class, and how it came to be taken.
    static func link(
        _ number: Int, _ lockClass: LockClass, _ trace: StackTrace, _ context: ReportContext
    ) -> [String] {
        ["", "-> #\(number) \(lockClass.usage(isRecent: context.isRecent)):"]
            + trace.symbols.map { "       \($0.text)" }
    }
}
