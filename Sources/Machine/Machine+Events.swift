import DriverModel
import KernelCore
import KernelModule
import Reports

extension Machine {
    /// Reports an event in the log, counts it, and tells who listens.
    func report(_ event: KernelEvent) {
        print(Report(event, in: reportContext))
        counts.count(event, at: kernel.now)
        onEvent?(event)
        if case .cycle = event { awaitHungTasks() }
    }

    /// The hung task detector looks a second later, not two minutes: `hung_task_timeout_secs` is 1 here.
    private func awaitHungTasks() {
        kernel.alarm?(Self.hungTaskTimeout) { [weak self] in
            guard let self, !kernel.isHalting else { return }
            Report.hungTasks(kernel, longerThan: Self.hungTaskTimeout, in: reportContext).map(print)
        }
    }

    private static let hungTaskTimeout: UInt64 = 1_000_000_000

    /// Puts a report into the log.
    func print(_ report: Report) { kernel.log.print(report.level, report.text) }

    /// What reports say about the machine as it is now.
    public var reportContext: ReportContext {
        let listed = modules.modules.reversed().filter { $0.state != .unformed }.map { module in
            switch module.state {
            case .going: "\(module.name)(-)"
            case .coming: "\(module.name)(+)"
            default: module.name
            }
        }
        return ReportContext(
            release: configuration.abi == .v5_15 ? "5.15.0" : "6.18.0", taints: kernel.taints, modules: listed,
            oopses: counts.oopses, isRecent: configuration.abi != .v5_15)
    }
}
