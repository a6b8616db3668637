/// Memory that was freed and whose number is not free yet, for somebody may still point to it.
///
/// If the object outlives the step that frees it, somebody does: a task that knows it (`KernelTask.known`), or the
/// simulated kernel's own data. When the last of these tasks has forgotten it and the object is gone, the number can be
/// used again. If the object is still there, the kernel's own data has a dangling pointer, and the number stays taken
/// until that is overwritten.
///
/// The hash of the state has that the number is taken, and not for whom: two states that differ in nothing else go on
/// alike, but for the numbers of what is allocated next.
struct FreedMemory {
    let id: UInt32
    let kindID: UInt32
    /// Its part of the hash of the shared state.
    let mark: UInt64
    /// How many tasks may point to it; -1 until the step is over that freed it.
    var pins = -1
    /// The object is gone.
    var isGone = false

    init(id: UInt32, kindID: UInt32) {
        self.id = id
        self.kindID = kindID
        mark = mix(13, UInt64(id))
    }
}

extension Kernel {
    /// Memory that was freed and to which tasks may still point, by number.
    public var pinnedMemory: [UInt32] { freedMemory.filter { $0.pins > 0 }.map(\.id) }

    /// Memory that was freed and whose number is not free yet.
    public var freedIDs: [UInt32] { freedMemory.map(\.id) }

    /// The part of the shared state's hash that is memory that was freed.
    public var freedFingerprint: UInt64 { freedMemory.reduce(0) { $0 &+ $1.mark } }

    func freed(_ memory: FreedMemory) {
        accesses.memoryEvent(memory.id)
        freedMemory.append(memory)
        hasFreed = true
    }

    /// The last reference to memory that was freed is gone.
    func gone(_ id: UInt32) {
        guard let place = freedMemory.lastIndex(where: { $0.id == id }) else { return }
        freedMemory[place].isGone = true
        // Within the step that freed it: nobody else ever pointed to it. A live kernel counts no pins.
        if freedMemory[place].pins < 0 { recycle(place) }
    }

    /// At the end of a step: who is in the middle of something may point to what it freed and is still there.
    func settleFreed() {
        hasFreed = false
        for place in freedMemory.indices where freedMemory[place].pins < 0 {
            let id = freedMemory[place].id
            freedMemory[place].pins = tasks.count { $0.state != .ended && $0.knows(id) }
        }
        for place in freedMemory.indices.reversed() where isOver(place) { recycle(place) }
    }

    /// The current task has come to know memory.
    func know(_ id: UInt32) {
        guard mode == .exploring, !isHalting, current !== idle, !current.known.contains(id) else { return }
        if !current.opened.contains(id) { pin(id) }
        current.known.append(id)
    }

    /// The current task has found a file whose methods work on that memory.
    public func open(_ id: UInt32) {
        guard mode == .exploring, !isHalting, current !== idle, !current.opened.contains(id) else { return }
        if !current.known.contains(id) { pin(id) }
        current.opened.append(id)
    }

    /// The current task has found a value.
    @inline(__always)
    func know<Value: Fingerprinted>(_ value: Value) {
        if mode == .exploring { value.forEachMemory { know($0) } }
    }

    /// A value is overwritten.
    @inline(__always)
    func drop<Value: Fingerprinted>(_ value: Value) {
        if mode == .exploring, !isHalting { value.forEachMemory { dropped($0) } }
    }

    private func dropped(_ id: UInt32) {
        accesses.condition(id)
        guard freedMemory.contains(where: { $0.id == id }) else { return }
        accesses.write(id)
        accesses.memoryEvent(id)
        hasFreed = true
    }

    private func isOver(_ place: Int) -> Bool { freedMemory[place].pins == 0 && freedMemory[place].isGone }

    /// Somebody may point to it that was freed already.
    func pin(_ id: UInt32) {
        guard let place = freedMemory.firstIndex(where: { $0.id == id && $0.pins > 0 }) else { return }
        freedMemory[place].pins += 1
    }

    /// The current task has left the driver's code, and points to none of its memory any more but by open files; at its
    /// next step, when its functions have returned.
    func forgetDriver(_ task: KernelTask) {
        if !isHalting, task.text.isEmpty, !task.known.isEmpty { forget(&task.known, but: task.opened) }
    }

    /// The current task has nothing of the kernel's in hand any more.
    func forgetAll(_ task: KernelTask) {
        forget(&task.known, but: task.opened)
        forget(&task.opened, but: [])
    }

    private func forget(_ list: inout [UInt32], but others: [UInt32]) {
        for id in list where !others.contains(id) {
            guard let place = freedMemory.firstIndex(where: { $0.id == id && $0.pins > 0 }) else { continue }
            freedMemory[place].pins -= 1
            guard freedMemory[place].pins == 0 else { continue }
            accesses.memoryEvent(id)
            hasFreed = true
        }
        list.removeAll(keepingCapacity: true)
    }

    private func recycle(_ place: Int) {
        let memory = freedMemory.remove(at: place)
        accesses.memoryEvent(memory.id)
        if memory.id & 0xffff < 64 { numbers[memory.kindID]? |= 1 << UInt64(memory.id & 63) }
        sharedFingerprint &-= memory.mark
        accesses.write(memory.kindID | 0xffff)
        accesses.change(memory.kindID | 0xffff, by: 0 &- memory.mark)
        accesses.change(memory.id, by: 0 &- memory.mark)
    }
}
