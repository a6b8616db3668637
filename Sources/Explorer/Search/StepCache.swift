import KernelCore

/// What steps did. Tasks are deterministic, and all that tasks share is noted when it is used (`AccessLog`): a step
/// whose task is in the same local state and finds the same does the same, and need not be taken again.
///
/// What is shared is a number of cells, one for each access number; a cell's value is by how much its hash has changed
/// since the scenario began.
struct StepCache {
    private(set) var locals: [LocalState] = []
    private(set) var records: [StepRecord] = []
    private var localNumbers = FingerprintTable()
    private var cellNumbers: [UInt32: Int] = [:]
    /// What a step depends on.
    struct Shape: Equatable {
        /// Cells that it looked at, in order.
        let cells: [Int]
        /// Freed memory, and what the step frees, if it depends on who else points there; or else nil. Whether the kernel's
        /// own data do is part of the shared state: such a step depends on all of that.
        var memory: [UInt32]?
    }

    private var shapes: [Shape] = []
    /// Of one local state, not more shapes with memory than this are kept.
    private static let memoryLimit = 32
    private var recordNumbers = FingerprintTable()
    private var admissions = FingerprintTable()
    /// More than this are not kept.
    private static let limit = 1 << 20

    /// How many cells there are.
    var cellCount: Int { cellNumbers.count }

    /// The number of a cell.
    mutating func cell(_ id: UInt32) -> Int {
        if let number = cellNumbers[id] { return number }
        cellNumbers[id] = cellNumbers.count
        return cellNumbers.count - 1
    }

    /// The number of a task's local state.
    mutating func local(_ task: KernelTask, _ hash: UInt64) -> Int32 {
        if let number = localNumbers.find(hash) { return number }
        localNumbers.set(hash, Int32(locals.count))
        locals.append(LocalState(task, hash: hash) { cell($0) })
        return Int32(locals.count - 1)
    }

    /// The step from a local state, if it was seen with these cells.
    func record(from local: Int, _ cells: [UInt64]) -> Int? {
        for shape in locals[local].shapes where shapes[Int(shape)].memory == nil {
            if let number = recordNumbers.find(key(local, Int(shape), cells)) { return Int(number) }
        }
        return nil
    }

    /// The step from a local state, if it was seen with this shared state, and the same that is known of who points to the
    /// memory (`pointers`).
    func record(from local: Int, _ cells: [UInt64], _ shared: UInt64, pointers: (UInt32) -> UInt64) -> Int? {
        for shape in locals[local].shapes {
            guard let memory = shapes[Int(shape)].memory else { continue }
            let key = key(key(local, Int(shape), cells), shared, memory, pointers)
            if let number = recordNumbers.find(key) { return Int(number) }
        }
        return nil
    }

    /// Keeps what a step did.
    ///
    /// - Parameters:
    ///   - used: what it depended on.
    ///   - cells: as they were before it; likewise the shared state, and who might point to memory.
    mutating func keep(
        _ record: StepRecord, from local: Int, using used: Shape, _ cells: [UInt64], _ shared: UInt64,
        pointers: (UInt32) -> UInt64
    ) {
        guard records.count < Self.limit else { return }
        let shape: Int32
        if let known = locals[local].shapes.first(where: { shapes[Int($0)] == used }) {
            shape = known
        } else {
            if used.memory != nil, locals[local].shapes.count >= Self.memoryLimit { return }
            shape = Int32(shapes.count)
            shapes.append(used)
            locals[local].shapes.append(shape)
        }
        var key = key(local, Int(shape), cells)
        if let memory = used.memory { key = self.key(key, shared, memory, pointers) }
        let (place, isNew) = recordNumbers.place(key)
        guard isNew else { return }
        recordNumbers.values[place] = Int32(records.count)
        records.append(record)
    }

    /// Whether a task in a local state can take its step, if that was seen with this value of the cell that it looks at.
    func isAdmitted(_ local: Int, _ value: UInt64) -> Bool? {
        admissions.find(mix(locals[local].hash, value)).map { $0 != 0 }
    }

    /// Keeps whether a task can take its step.
    mutating func keep(isAdmitted: Bool, _ local: Int, _ value: UInt64) {
        admissions.set(mix(locals[local].hash, value), isAdmitted ? 1 : 0)
    }

    @inline(__always)
    private func key(_ local: Int, _ shape: Int, _ cells: [UInt64]) -> UInt64 {
        var hash = mix(locals[local].hash, UInt64(shape))
        for cell in shapes[shape].cells { hash = mix(hash, cell < cells.count ? cells[cell] : 0) }
        return hash
    }

    private func key(_ key: UInt64, _ shared: UInt64, _ memory: [UInt32], _ pointers: (UInt32) -> UInt64) -> UInt64 {
        memory.reduce(mix(key, shared)) { mix(mix($0, UInt64($1)), pointers($1)) }
    }
}
