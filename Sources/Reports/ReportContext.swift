import KernelCore

/// What the kernel's reports say about the machine as a whole.
public struct ReportContext: Sendable {
    /// The kernel's release, e.g. `5.15.0`.
    public var release: String
    /// The first word of the kernel's version, e.g. `#1`.
    public var build: String
    /// Taint flags in the kernel's letters.
    public var taints: Set<Character>
    /// Loaded modules as an oops lists them: `zram`, `zram(-)` while it goes, `zram(+)` while it comes.
    public var modules: [String]
    /// Oopses before this one.
    public var oopses: Int
    /// The text is that of Linux 6.18; otherwise that of 5.15.
    public var isRecent: Bool

    /// A machine of that release with nothing loaded.
    public init(
        release: String = "5.15.0", build: String = "#1", taints: Set<Character> = [], modules: [String] = [],
        oopses: Int = 0, isRecent: Bool = false
    ) {
        self.isRecent = isRecent
        self.release = release
        self.build = build
        self.taints = taints
        self.modules = modules
        self.oopses = oopses
    }

    /// `Not tainted`, or a column for each flag the kernel has: blank where it is not set, `G` where `P` is not.
    public var tainted: String {
        guard !taints.isEmpty else { return "Not tainted" }
        let known = Self.taintNames.prefix(isRecent ? Self.taintNames.count : 18)
        let flags = known.map { taints.contains($0.letter) ? $0.letter : $0.letter == "P" ? "G" : " " }
        return "Tainted: " + String(flags)
    }

    /// The flags of `taint_flags` in the kernel's order; the last two came after 5.15.
    private static let taintNames: [(letter: Character, name: String)] = [
        ("P", "PROPRIETARY_MODULE"), ("F", "FORCED_MODULE"), ("S", "CPU_OUT_OF_SPEC"), ("R", "FORCED_RMMOD"),
        ("M", "MACHINE_CHECK"), ("B", "BAD_PAGE"), ("U", "USER"), ("D", "DIE"), ("A", "OVERRIDDEN_ACPI_TABLE"),
        ("W", "WARN"), ("C", "CRAP"), ("I", "FIRMWARE_WORKAROUND"), ("O", "OOT_MODULE"), ("E", "UNSIGNED_MODULE"),
        ("L", "SOFTLOCKUP"), ("K", "LIVEPATCH"), ("X", "AUX"), ("T", "RANDSTRUCT"), ("N", "TEST"), ("J", "FWCTL"),
    ]

    /// What `/proc/sys/kernel/tainted` says: a bit for each flag.
    public var taintBits: Int {
        Self.taintNames.enumerated().reduce(0) { taints.contains($1.element.letter) ? $0 | 1 << $1.offset : $0 }
    }

    /// The lines that name the processor, the task and the kernel. The kernel's `dump_stack_print_info`.
    ///
    /// The user is root's: who does the system call is not known here.
    func identity(_ task: KernelTask) -> [String] {
        let kernel = "Comm: \(task.name.prefix(20)) \(tainted) \(release) \(build)"
        guard isRecent else { return ["CPU: 0 PID: \(task.pid) \(kernel)", Self.hardware] }
        let legend = Self.taintNames.filter { taints.contains($0.letter) }.map { "[\($0.letter)]=\($0.name)" }
        return ["CPU: 0 UID: 0 PID: \(task.pid) \(kernel) PREEMPT(none) "]
            + (legend.isEmpty ? [] : ["Tainted: " + legend.joined(separator: ", ")]) + [Self.hardware]
    }

    private static let hardware = "Hardware name: zramfs simulated machine"
}
