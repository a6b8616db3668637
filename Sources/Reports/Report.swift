import KernelCore

/// A report as the kernel would print it: lines for its log.
public struct Report {
    /// How bad it is.
    public let level: KernelLog.Level
    /// The lines.
    public let lines: [String]

    /// The lines as one text, without a newline at the end.
    public var text: String { lines.joined(separator: "\n") }

    init(_ level: KernelLog.Level, _ lines: [String]) {
        self.level = level
        self.lines = lines
    }

    /// The report of an event.
    public init(_ event: KernelEvent, in context: ReportContext) {
        switch event {
        case .cycle(let cycle): self = .deadlock(cycle, in: context)
        case .inversion(let inversion): self = .lockdep(inversion, in: context)
        case .oops(let oops): self = .oops(oops, in: context)
        case .warning(let warning): self = .warning(warning, in: context)
        case .stack(let stack):
            let trace = StackTrace(
                innermost: stack.innermost + ["dump_stack", "dump_stack_lvl"], stack.frames, context)
            self.init(.warning, context.identity(stack.task) + trace.lines)
        }
    }
}
