import KernelCore

extension Report {
    /// The framing of a `WARN`, between `cut here` and `end trace`.
    public static func warning(_ warning: Warning, in context: ReportContext) -> Report {
        let function = Symbol(warning.function).text
        return Report(
            .warning,
            ["------------[ cut here ]------------"]
                + (warning.text.isEmpty ? [] : [warning.text])
                + ["WARNING: CPU: 0 PID: \(warning.task.pid) at \(warning.place) \(function)"]
                + state(
                    warning.task, at: function, StackTrace(callers(warning.frames, of: warning.function), context),
                    context)
                + [end])
    }

    static let end = "---[ end trace 0000000000000000 ]---"

    /// What a warning and an oops say alike: modules, task, instruction, trace.
    static func state(
        _ task: KernelTask, at place: String, _ trace: StackTrace, _ context: ReportContext
    ) -> [String] {
        [modules(context)] + context.identity(task) + ["RIP: 0010:\(place)"] + trace.lines
    }

    static func modules(_ context: ReportContext) -> String {
        (["Modules linked in:"] + context.modules).joined(separator: " ")
    }

    /// The trace below RIP begins with the caller.
    private static func callers(_ frames: [Frame], of function: String) -> [Frame] {
        guard let place = frames.lastIndex(where: { KernelName.snake($0.function) == function }) else { return frames }
        return Array(frames[..<place])
    }
}
