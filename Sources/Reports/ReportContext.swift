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

    /// A machine of that release with nothing loaded.
    public init(
        release: String = "5.15.0", build: String = "#1", taints: Set<Character> = [], modules: [String] = [],
        oopses: Int = 0
    ) {
        self.release = release
        self.build = build
        self.taints = taints
        self.modules = modules
        self.oopses = oopses
    }

    /// `Not tainted`, or a column for each flag the kernel has: blank where it is not set, `G` where `P` is not.
    public var tainted: String {
        guard !taints.isEmpty else { return "Not tainted" }
        let flags = "PFSRMBUDAWCIOELKXT".map { taints.contains($0) ? $0 : $0 == "P" ? "G" : " " }
        return "Tainted: " + String(flags)
    }

    /// The line that names the processor, the task and the kernel.
    func identity(_ task: KernelTask) -> String {
        "CPU: 0 PID: \(task.pid) Comm: \(task.name) \(tainted) \(release) \(build)"
    }

    /// The second line of a trace.
    static let hardware = "Hardware name: zramfs simulated machine"
}
