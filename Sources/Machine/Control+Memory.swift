import KernelCore
import Kernfs
import Reports

extension Control {
    /// The memory that the simulated kernel has allocated and not freed. What outlived its module has leaked; and, while
    /// no task has anything in hand, what nobody refers to. Pointers to what was freed follow.
    static let memory = Control(
        "debug/memory",
        show: { machine in
            let kernel = machine.kernel
            let live = kernel.memory.values.sorted { $0.id < $1.id }
            let isQuiet = kernel.tasks.allSatisfy { $0 === kernel.current || $0.state == .dead }
            let reachability = isQuiet ? Reachability(of: kernel) : nil
            func isLeaked(_ memory: KernelMemory) -> Bool {
                memory.isLeaked || reachability?.leaked.contains { $0 === memory } == true
            }
            var dangling = (reachability?.dangling ?? []).map { "\($0.name) of \($0.holder ?? "the kernel")" }
            if let path = machine.root.fileWithoutText { dangling.append("\(path): its code is gone") }
            var table = Table("ID", "MODULE", "STATE", "WHAT")
            for memory in live {
                table.add(
                    "\(memory.id)", memory.allocator?.name ?? "-", isLeaked(memory) ? "leaked" : "live", memory.kind)
            }
            return "live \(live.count)  leaked \(live.count { isLeaked($0) })\n" + table.text
                + dangling.map { "dangling: \($0)\n" }.joined()
        })
}
