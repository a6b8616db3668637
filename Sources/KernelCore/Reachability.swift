/// What the data of a simulated kernel lead to: the static data of the kernel and of its modules, the tree of files, and
/// what tasks have in hand that have not ended.
public struct Reachability {
    /// A pointer to memory that was freed: whoever follows it runs into a page fault.
    public struct Dangling {
        /// Where it is, e.g. `struct zram`; nil: in static data.
        public let holder: String?
        /// The pointer, e.g. `table`.
        public let name: String
    }

    /// Memory that is allocated, and that nobody can come to any more: leaked, whatever module is still there.
    public private(set) var leaked: [KernelMemory] = []
    /// Pointers to freed memory that somebody can come to.
    public private(set) var dangling: [Dangling] = []

    /// Looks at a kernel between two steps.
    public init(of kernel: Kernel) {
        let memory = Dictionary(kernel.memory.values.map { ($0.id, $0) }) { first, _ in first }
        let freed = Set(kernel.freedIDs)
        var reached: Set<UInt32> = []
        var pending: [KernelMemory] = []
        func follow(_ object: KernelObject, _ holder: String?, _ dangling: inout [Dangling]) {
            object.forEachReference { id in
                if let next = memory[id] {
                    if reached.insert(id).inserted { pending.append(next) }
                } else if id == 0 || freed.contains(id) {
                    dangling.append(Dangling(holder: holder, name: object.name))
                }
            }
        }
        for data in [kernel.globals] + kernel.statics {
            for object in data.objects { follow(object, nil, &dangling) }
        }
        for task in kernel.tasks where task.state != .ended {
            for id in task.knownMemory {
                if let next = memory[id], reached.insert(id).inserted { pending.append(next) }
            }
        }
        while let next = pending.popLast() {
            for object in next.members?.objects ?? [] { follow(object, next.kind, &dangling) }
        }
        leaked = memory.values.filter { !reached.contains($0.id) }.sorted { $0.id < $1.id }
    }
}
