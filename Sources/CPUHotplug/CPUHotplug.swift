import KernelCore
import SystemPackage

/// What a multistate state calls for each CPU and instance. The kernel's multi-instance callbacks.
public protocol CPUHotplugInstance: AnyObject {
    /// A CPU comes up, or the instance is added while it is up. The kernel's `startup.multi`.
    func cpuUp(_ cpu: Int) throws(Errno)
    /// A CPU went down, or the instance is removed while it is up; may not fail. The kernel's `teardown.multi`.
    func cpuDown(_ cpu: Int)
    /// The allocation that holds the list entry: freed while still listed, a CPU's coming up is a page fault.
    var memory: KernelMemory { get }
}

/// CPUs that come and go, and the states that drivers register. The kernel's `kernel/cpu.c`.
public final class CPUHotplug {
    /// A registered multi-instance state.
    final class State {
        let number: Int
        let name: String
        /// The module that the callbacks are in; nil: the kernel's own.
        let text: (any KernelText)?
        var instances: [any CPUHotplugInstance] = []
        init(number: Int, name: String, text: (any KernelText)?) {
            self.number = number
            self.name = name
            self.text = text
        }
    }

    /// The number of `CPUHP_ZCOMP_PREPARE` in the kernels of the thread.
    public static let zcompPrepare = 63

    /// The kernel.
    public let kernel: Kernel
    /// Which CPUs are online, by number.
    public private(set) var online: [Bool]
    private let hotplugLock: RWSemaphore
    private let stateMutex: Mutex
    private let registered: Registry

    /// A machine with that many CPUs, all online.
    public init(kernel: Kernel, cpus: Int) {
        self.kernel = kernel
        online = Array(repeating: true, count: max(1, cpus))
        hotplugLock = RWSemaphore(kernel: kernel, name: "cpu_hotplug_lock")
        stateMutex = Mutex(kernel: kernel, name: "cpuhp_state_mutex")
        registered = Registry(kernel: kernel, name: "cpuhp_hp_states", in: kernel.globals)
        kernel.points.declare("cpuhp_hp_states", [.invoke])
        kernel.atHalt { [self] in registered.states = [:] }
    }

    /// How many CPUs are online. The kernel's `num_online_cpus`.
    public var onlineCount: Int { online.count { $0 } }

    /// The first state, by name, whose callbacks are in the text of a module that is gone.
    public var stateWithoutText: String? { registered.sorted.first { $0.text?.isFreed == true }?.name }

    /// How many instances a state has; for reports and tests.
    public func instanceCount(_ state: Int) -> Int { registered.states[state]?.instances.count ?? 0 }

    /// Registers a state without instances.
    ///
    /// - Throws: `EBUSY` if it is registered already.
    ///
    /// The corresponding kernel function is `cpuhp_setup_state_multi`.
    public func setupMulti(_ number: Int, name: String) async throws(Errno) {
        try await stateMutex.withLock { () async throws(Errno) in
            registered.observe((registered.states[number] != nil).fingerprint)
            guard registered.states[number] == nil else { throw .resourceBusy }
            registered.set(number, State(number: number, name: name, text: kernel.current.text.last))
        }
    }

    /// Adds an instance: its `cpuUp` runs for every CPU that is online, and is rolled back if one fails.
    ///
    /// - Throws: what `cpuUp` threw; `EINVAL` if the state is not registered.
    ///
    /// The corresponding kernel function is `cpuhp_state_add_instance`.
    public func addInstance(_ number: Int, _ instance: any CPUHotplugInstance) async throws(Errno) {
        kernel.enter("__cpuhp_state_add_instance")
        defer { kernel.leave() }
        try await hotplugLock.withRead { () async throws(Errno) in
            try await stateMutex.withLock { () async throws(Errno) in
                registered.observe((registered.states[number] != nil).fingerprint)
                guard let state = registered.states[number] else { throw .invalidArgument }
                for cpu in online.indices where online[cpu] {
                    do throws(Errno) {
                        try await call(instance) { (instance) throws(Errno) in try instance.cpuUp(cpu) }
                    } catch {
                        for earlier in 0..<cpu where online[earlier] { await call(instance) { $0.cpuDown(earlier) } }
                        throw error
                    }
                }
                if mutated("an instance is not listed") { return }
                state.instances.append(instance)
                registered.listed(state, instance, true)
                kernel.spend("__cpuhp_state_add_instance")
            }
        }
    }

    /// Removes an instance: its `cpuDown` runs for every CPU that is online.
    ///
    /// The corresponding kernel function is `cpuhp_state_remove_instance`.
    public func removeInstance(_ number: Int, _ instance: any CPUHotplugInstance) async {
        kernel.enter("__cpuhp_state_remove_instance")
        defer { kernel.leave() }
        await hotplugLock.withRead {
            await stateMutex.withLock {
                registered.observe((registered.states[number] != nil).fingerprint)
                for cpu in online.indices where online[cpu] && !mutated("removing an instance does not take it down") {
                    await call(instance) { $0.cpuDown(cpu) }
                }
                guard let state = registered.states[number] else { return }
                let before = state.instances.count
                state.instances.removeAll { $0 === instance }
                if state.instances.count < before { registered.listed(state, instance, false) }
                kernel.spend("__cpuhp_state_remove_instance")
            }
        }
    }

    /// Unregisters a state. Instances that are left are reported and leak: no `cpuDown` runs for them.
    ///
    /// The corresponding kernel function is `cpuhp_remove_multi_state`.
    public func removeMulti(_ number: Int) async {
        kernel.enter("__cpuhp_remove_state")
        kernel.enter("__cpuhp_remove_state_cpuslocked")
        defer {
            kernel.leave()
            kernel.leave()
        }
        await hotplugLock.withRead {
            await stateMutex.withLock {
                registered.noteRead()
                if let state = registered.states[number], !state.instances.isEmpty,
                    !mutated("nobody looks for instances that are left")
                {
                    kernel.warn(
                        "instances-left", "Error: Removing state \(number) which has instances left.",
                        at: "kernel/cpu.c:2069", in: "__cpuhp_remove_state_cpuslocked")
                }
                registered.set(number, nil)
            }
        }
    }

    /// Takes a CPU up or down, calling every instance; `echo 0 > cpu1/online`.
    ///
    /// - Throws: `EINVAL` for no such CPU; `EBUSY` for the last one that is up; what a `cpuUp` threw.
    ///
    /// The corresponding kernel functions are `cpu_up` and `cpu_down`.
    public func set(cpu: Int, online isUp: Bool) async throws(Errno) {
        kernel.enter(isUp ? "_cpu_up" : "_cpu_down")
        defer { kernel.leave() }
        guard online.indices.contains(cpu) else { throw .invalidArgument }
        try await hotplugLock.withWrite { () async throws(Errno) in
            if mutated("cpu_up and cpu_down call nobody") { return }
            registered.observe(UInt64(onlineCount) << 1 | (online[cpu] ? 1 : 0))
            guard online[cpu] != isUp else { return }
            guard isUp || onlineCount > 1 || mutated("the last CPU goes down") else { throw .resourceBusy }
            for state in registered.sorted {
                for (place, instance) in state.instances.enumerated() {
                    do throws(Errno) {
                        try await call(instance) { (instance) throws(Errno) in
                            if isUp { try instance.cpuUp(cpu) } else { instance.cpuDown(cpu) }
                        }
                    } catch {
                        for earlier in state.instances[..<place] { await call(earlier) { $0.cpuDown(cpu) } }
                        throw error
                    }
                }
            }
            online[cpu] = isUp
            registered.changed(1, from: UInt64(cpu) << 1 | (isUp ? 0 : 1), to: UInt64(cpu) << 1 | (isUp ? 1 : 0))
        }
    }

    /// Calls back for one CPU and one instance, a step of its own. The kernel's `cpuhp_invoke_callback`.
    private func call<E: Error>(
        _ instance: any CPUHotplugInstance, _ body: (any CPUHotplugInstance) throws(E) -> Void
    ) async throws(E) {
        await kernel.step(.invoke, on: registered)
        if kernel.isHalting { return }
        registered.noteCondition()
        instance.memory.touch()
        try body(instance)
    }

    /// The states by number: part of the shared state.
    private final class Registry: KernelObject {
        var states: [Int: State] = [:]
        var sorted: [State] { states.values.sorted { $0.number < $1.number } }

        override func forEachReference(_ body: (UInt32) -> Void) {
            for state in sorted { for instance in state.instances { body(instance.memory.id) } }
        }

        func set(_ number: Int, _ state: State?) {
            changed(2, from: key(states[number]), to: key(state))
            states[number] = state
        }

        func listed(_ state: State, _ instance: any CPUHotplugInstance, _ isListed: Bool) {
            let entry = mix(UInt64(state.number), instance.memory.fingerprint)
            changed(3, from: isListed ? 0 : entry, to: isListed ? entry : 0)
        }

        private func key(_ state: State?) -> UInt64 { state.map { mix(9, UInt64($0.number)) } ?? 0 }
    }
}
