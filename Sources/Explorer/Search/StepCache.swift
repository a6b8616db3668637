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
    /// Cells that a step looked at, in order.
    private var shapes: [[Int]] = []
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
        for shape in locals[local].shapes {
            if let number = recordNumbers.find(key(local, Int(shape), cells)) { return Int(number) }
        }
        return nil
    }

    /// Keeps what a step did.
    ///
    /// - Parameters:
    ///   - used: the cells that it depended on.
    ///   - cells: as they were before it.
    mutating func keep(_ record: StepRecord, from local: Int, using used: [Int], _ cells: [UInt64]) {
        guard records.count < Self.limit else { return }
        let shape: Int32
        if let known = locals[local].shapes.first(where: { shapes[Int($0)] == used }) {
            shape = known
        } else {
            shape = Int32(shapes.count)
            shapes.append(used)
            locals[local].shapes.append(shape)
        }
        let (place, isNew) = recordNumbers.place(key(local, Int(shape), cells))
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
        for cell in shapes[shape] { hash = mix(hash, cell < cells.count ? cells[cell] : 0) }
        return hash
    }
}
