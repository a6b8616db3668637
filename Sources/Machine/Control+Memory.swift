import KernelCore
import Reports

extension Control {
    /// The memory that the simulated kernel has allocated and not freed; what outlived its module has leaked.
    static let memory = Control(
        "debug/memory",
        show: { machine in
            let live = machine.kernel.memory.values.sorted { $0.id < $1.id }
            var table = Table("ID", "MODULE", "STATE", "WHAT")
            for memory in live {
                table.add(
                    "\(memory.id)", memory.allocator?.name ?? "-", memory.isLeaked ? "leaked" : "live", memory.kind)
            }
            return "live \(live.count)  leaked \(live.count { $0.isLeaked })\n" + table.text
        })
}
