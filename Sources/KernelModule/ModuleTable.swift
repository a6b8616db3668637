import KernelCore
import SystemPackage

/// Shows modules in `/sys/module`; set by the layer that has a tree.
public protocol ModuleSysfs: AnyObject {
    /// The kernel's `mod_sysfs_setup`.
    func add(_ module: Module) async
    /// The kernel's `mod_sysfs_teardown`; drains the files.
    func remove(_ module: Module) async
}

/// The loaded modules, and loading and removing them. The kernel's `kernel/module.c`.
public final class ModuleTable {
    /// The kernel that the modules belong to.
    public let kernel: Kernel
    /// What can be loaded, by name.
    public private(set) var available: [String: ModuleDefinition] = [:]
    /// Loaded modules, oldest first.
    public private(set) var modules: [Module] = []
    /// Shows them in `/sys/module`.
    public var sysfs: (any ModuleSysfs)?
    /// True as in 5.15: loading a module that is going waits until it is gone. Later kernels say `EBUSY`.
    public var waitsForGoing = true
    private let mutex: Mutex
    private let queue: WaitQueue

    /// A table with nothing loaded.
    public init(kernel: Kernel) {
        self.kernel = kernel
        mutex = Mutex(kernel: kernel, name: "module_mutex")
        queue = WaitQueue(kernel: kernel, name: "module_wq")
        kernel.atHalt { [self] in
            modules.forEach { $0.forget() }
            modules = []
            available = [:]
            sysfs = nil
        }
    }

    /// Makes a module available to `load`.
    public func install(_ definition: ModuleDefinition) { available[definition.name] = definition }

    /// The loaded module of that name, in any state but unformed.
    public func find(_ name: String) -> Module? { modules.first { $0.name == name } }

    /// Loads a module, as `modprobe NAME ARGUMENTS`; without modprobe's own forgiveness.
    ///
    /// - Parameter arguments: words `key=value`, as on modprobe's command line.
    /// - Throws: `ENOENT` for an unknown name; `EEXIST` if it is live; `EBUSY` if it is going (abi 6.18; 5.15 waits);
    ///   `EINTR` if a signal ended that wait; what the module's init returned.
    ///
    /// The corresponding kernel function is `load_module`.
    public func load(_ name: String, _ arguments: [String] = []) async throws(Errno) {
        kernel.enter("load_module")
        defer { kernel.leave() }
        guard let definition = available[name] else { throw .noSuchFileOrDirectory }
        let module = try await addUnformed(definition)
        module.references = 2  // The base reference and one for the time of init.
        module.state = .coming
        do throws(Errno) {
            kernel.spend("load_module")
            try module.parameters.parse(arguments, of: name)
            module.code = try definition.make(module)
            if let code = module.code { Members.check(code, are: module.data) }
            await sysfs?.add(module)
            try await module.run { () async throws(Errno) in try await module.code?.load() }
        } catch {
            module.state = .going
            module.references = 0
            await free(module)
            throw error
        }
        module.state = .live
        queue.wakeWaiters()
        await module.put()
    }

    /// Removes a module, as `rmmod NAME`.
    ///
    /// - Parameter force: the kernel's `O_TRUNC`: in use or not.
    /// - Throws: `ENOENT` if it is not loaded; `EWOULDBLOCK` if another module or a reference uses it; `EBUSY` if it is
    ///   being loaded or removed already.
    ///
    /// The corresponding kernel function is `delete_module`.
    public func delete(_ name: String, force: Bool = false) async throws(Errno) {
        kernel.enter("__do_sys_delete_module")
        defer { kernel.leave() }
        let module = try await stop(name, force: force)
        if mutated("the text goes before exit") { module.isFreed = true }
        if !mutated("exit is not called") {
            await module.run { () async throws(Never) in await module.code?.exit() }
        }
        kernel.spend("module_going_notifier")
        await free(module)
    }

    /// Finds the module and makes it going, under `module_mutex`.
    private func stop(_ name: String, force: Bool) async throws(Errno) -> Module {
        try await mutex.withLock { () async throws(Errno) in
            mutex.observe(find(name).fingerprint)
            guard let module = find(name) else { throw .noSuchFileOrDirectory }
            guard module.users.isEmpty else { throw .wouldBlock }
            module.observe(module.state.rawValue)
            guard module.state == .live || mutated("delete_module ignores that a module goes") else {
                throw .resourceBusy
            }
            guard await module.tryStop(force: force) else { throw .wouldBlock }
            if force { kernel.taint("R") }
            return module
        }
    }

    /// Enters the module in the list, as `add_unformed_module`.
    private func addUnformed(_ definition: ModuleDefinition) async throws(Errno) -> Module {
        while true {
            let (module, existing) = await mutex.withLock { () async -> (Module?, Module?) in
                mutex.observe(find(definition.name).fingerprint)
                if let existing = find(definition.name) {
                    existing.noteRead()
                    return (nil, existing)
                }
                let module = Module(definition, kernel: kernel)
                modules.append(module)
                mutex.changed(7, from: 0, to: module.fingerprint)
                return (module, nil)
            }
            if let module { return module }
            guard let existing, !kernel.isHalting else { throw .interrupted }
            existing.observe(existing.state.rawValue)
            if existing.state == .live, !mutated("load waits for a live module") { throw .fileExists }
            if existing.state == .going, !waitsForGoing { throw .resourceBusy }
            queue.holdersHint = { [weak self] in self?.loading(existing) ?? [] }
            try await queue.waitInterruptible(on: existing) { existing.isFreed || existing.state == .live }
            existing.noteRead()
        }
    }

    /// The tasks that load or remove `module` now: whom a second `modprobe` waits for.
    private func loading(_ module: Module) -> [KernelTask] {
        kernel.tasks.filter { task in task.text.contains { $0 === module } }
    }

    /// The kernel's `free_module`.
    private func free(_ module: Module) async {
        if !mutated("the files of a module stay") { await sysfs?.remove(module) }
        module.state = .unformed
        await mutex.withLock {
            if !mutated("a freed module stays listed") { modules.removeAll { $0 === module } }
            mutex.changed(7, from: module.fingerprint, to: 0)
            kernel.spend("free_module")
        }
        module.isFreed = true
        module.forget()
        kernel.lockdep.forget(module: module.name)
        if !mutated("a module that is gone wakes nobody") { queue.wakeWaiters() }
    }
}
