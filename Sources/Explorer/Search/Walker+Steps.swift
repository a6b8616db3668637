import KernelCore

extension Walker {
    /// Lets a task take its next step: recalls it, if that is possible, or else takes it.
    func step(_ number: Int) -> Taken {
        let from = locals[number]
        guard recalls, let place = recalled(number) else { return take(number) }
        let record = cache.records[place]
        counts.recalled += 1
        if counts.recalled % checkEvery == 0 { return take(number, expecting: record) }
        push(number)
        for change in record.changes { add(change.by, to: change.cell) }
        shared &+= record.shared
        localSum &+= cache.locals[Int(record.local)].hash &- cache.locals[Int(from)].hash
        locals[number] = record.local
        if let memory = record.dangling {
            dangling = memory.map { id in
                Dangling(
                    memory: id, tasks: tasks.reduce(0) { local($1).memory.contains(id) ? $0 | TaskMask(1) << $1 : $0 })
            }
        } else {
            let bit = TaskMask(1) << number
            let known = cache.locals[Int(record.local)].memory
            for place in dangling.indices {
                let isKnown = known.contains(dangling[place].memory)
                dangling[place].tasks = isKnown ? dangling[place].tasks | bit : dangling[place].tasks & ~bit
            }
        }
        return Taken(accesses: accesses(record, for: number), hasLooped: record.hasLooped, ended: record.ended)
    }

    /// The number of the record of a task's next step, if there is one.
    private func recalled(_ number: Int) -> Int? {
        let from = Int(locals[number])
        let bit = TaskMask(1) << number
        if let place = cache.record(from: from, cells) {
            // What becomes of freed memory when the last task that may point to it forgets it, depends on who does indeed.
            let known = cache.locals[Int(cache.records[place].local)].memory
            if !dangling.contains(where: { $0.tasks == bit && !known.contains($0.memory) }) { return place }
        }
        return cache.record(from: from, cells, shared) { pointers($0, but: number) }
    }

    /// The other tasks that may point to some memory, and whether it was freed before they forgot it. In which states they
    /// are, too: not all that may point there do.
    private func pointers(_ memory: UInt32, but number: Int) -> UInt64 {
        var sum: UInt64 = dangling.contains { $0.memory == memory } ? 1 : 0
        for other in tasks where other != number && local(other).memory.contains(memory) { sum &+= mix(hash(other), 1) }
        return sum
    }

    private func push(_ number: Int, all: [Int32]? = nil, failures: [Failure] = [], isBroken: Bool = false) {
        frames.append(
            Frame(
                shared: shared, localSum: localSum, task: number, local: locals[number], cells: olds.count,
                dangling: dangling, locals: all, failure: failure ?? failures.first, failures: failures,
                isBroken: isBroken))
        path.append(UInt8(number))
    }

    private func add(_ difference: UInt64, to cell: Int) {
        while cell >= cells.count { cells.append(0) }
        olds.append((cell, cells[cell]))
        cells[cell] &+= difference
    }

    /// What a recalled step uses.
    private func accesses(_ record: StepRecord, for number: Int) -> [AccessLog.Access] {
        record.hasPrivates && record.serial != serials[number]
            ? record.accesses.map { own($0 >> 1, of: record.serial, for: number) << 1 | $0 & 1 } : record.accesses
    }

    // MARK: Taking a step

    private func take(_ number: Int, expecting expected: StepRecord? = nil) -> Taken {
        let run = machine()
        let kernel = run.kernel
        let before = (shared: kernel.sharedFingerprint, births: run.tasks.count, freed: kernel.freedIDs)
        let failed = run.failures.count
        // In words: who held on to the object would keep alive what the step may free.
        let name = expected == nil ? "" : name(of: run.tasks[number].pending)
        if number < run.terminals.count {
            run.terminals[number].hasLooped = false
            run.terminals[number].ended = []
        }
        let isUnknown = recalls && checkEvery == 1 && expected == nil
        let plain = isUnknown ? PlainState(run.machine) : nil
        kernel.accesses.clear()
        kernel.accesses.isOn = true
        run.step(number)
        kernel.accesses.isOn = false
        if let changed = plain?.change(to: PlainState(run.machine)), mistake == nil {
            isUnnoted = true
            mistake =
                "\(run.tasks[number].name), as step \(path.count + 1), changes \(changed): a plain variable, of which nobody "
                + "knows; it has to be Guarded, Racy, Noted or a Pointer"
        }
        runDepth += 1
        counts.steps += 1
        let log = kernel.accesses
        let record = StepRecord(
            local: cache.local(run.tasks[number], run.local[number]),
            shared: kernel.sharedFingerprint &- before.shared,
            changes: log.changes.compactMap { change in
                AccessLog.isPrivate(change.id) ? nil : (cache.cell(change.id), change.by)
            }, accesses: log.list, hasPrivates: log.list.contains { AccessLog.isPrivate($0 >> 1) },
            serial: run.tasks[number].serial,
            hasLooped: number < run.terminals.count && run.terminals[number].hasLooped,
            ended: number < run.terminals.count ? run.terminals[number].ended : [],
            dangling: log.memory.isEmpty ? nil : run.dangling.map(\.memory))
        let isWhole = run.failures.count == failed && run.tasks.count == before.births && !log.hasFreedText
        if let expected {
            let isSame = record.isSame(as: expected) && accesses(expected, for: number) == log.list
            if !isWhole || !isSame, mistake == nil {
                mistake =
                    "\(name) by \(run.tasks[number].name), as step \(path.count + 1), does not do what "
                    + "it did before: it depends on something that nobody notes (AccessLog)"
            }
        } else if recalls, isWhole {
            keep(record, of: number, log, freed: before.freed)
        }
        push(number, all: locals, failures: Array(run.failures.dropFirst(failed)), isBroken: run.isBroken)
        for change in record.changes { add(change.by, to: change.cell) }
        shared = kernel.sharedFingerprint
        localSum = run.local.reduce(0, &+)
        locals = run.tasks.indices.map { cache.local(run.tasks[$0], run.local[$0]) }
        for task in run.tasks.dropFirst(serials.count) { serials.append(task.serial) }
        dangling = run.dangling
        return Taken(accesses: log.list, hasLooped: record.hasLooped, ended: record.ended)
    }

    private func name(of step: Pending?) -> String {
        step.map { "\($0.operation.name) of \($0.object.name) at \($0.file):\($0.line)" } ?? "the first step"
    }

    /// Keeps a step that can be recalled; before it is counted.
    private func keep(_ record: StepRecord, of number: Int, _ log: AccessLog, freed: [UInt32]) {
        let used = Set(log.list.map { $0 >> 1 } + log.conditions + log.changes.map(\.id))
        let own = AccessLog.privates | record.serial
        guard !used.contains(where: { AccessLog.isPrivate($0) && $0 != own }) else { return }
        let memory = log.memory.isEmpty ? nil : Set(freed + log.memory).sorted()
        let shape = StepCache.Shape(cells: used.filter { $0 != own }.map { cache.cell($0) }.sorted(), memory: memory)
        // Counted before, for it changes the cache.
        let counts = (memory ?? []).map { ($0, pointers($0, but: number)) }
        cache.keep(record, from: Int(locals[number]), using: shape, cells, shared) { id in
            counts.first { $0.0 == id }?.1 ?? 0
        }
    }
}
