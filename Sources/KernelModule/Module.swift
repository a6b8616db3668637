import KernelCore
import SystemPackage

/// What a module brings: its init and exit. The kernel's `module_init` and `module_exit`.
public protocol ModuleCode: AnyObject {
    /// Runs when the module is loaded; an error unloads it again and is `init_module`'s.
    func load() async throws(Errno)
    /// Runs when the module is removed; cannot fail.
    func exit() async
    /// The kernel halts: drops what knows the code and is known by it.
    func forget()
}

extension ModuleCode {
    /// Nothing to drop.
    public func forget() {}
}

/// A module that can be loaded: what `modprobe` would find.
public struct ModuleDefinition {
    /// What is known of it.
    public let info: ModuleInfo
    /// Makes the code of one load, whose parameters the module has; throws what a bad value deserves.
    public let make: (Module) throws(Errno) -> any ModuleCode

    /// The name, e.g. `zram`.
    public var name: String { info.name }

    /// Describes a module.
    public init(_ info: ModuleInfo, make: @escaping (Module) throws(Errno) -> any ModuleCode) {
        self.info = info
        self.make = make
    }
}

/// One load of a module: its state and its reference count. The kernel's `struct module`.
public final class Module: KernelObject, KernelText {
    /// The kernel's `enum module_state`.
    public enum State: UInt64, Sendable {
        case live, coming, going, unformed

        /// As `/sys/module/X/initstate` says it.
        public var name: String {
            switch self {
            case .live: "live"
            case .coming: "coming"
            case .going: "going"
            case .unformed: "unformed"
            }
        }
    }

    /// What it was made from.
    public let definition: ModuleDefinition
    /// Where it is in its life.
    public internal(set) var state = State.unformed {
        didSet { changed(1, from: oldValue.rawValue, to: state.rawValue) }
    }
    /// The raw count: 1 is the base reference, 0 once it is going.
    public internal(set) var references = 1 {
        didSet {
            let (old, new) = (UInt64(truncatingIfNeeded: oldValue), UInt64(truncatingIfNeeded: references))
            // Coming and going commute while the base reference is there.
            if oldValue > 0, references > 0, state != .going {
                changedByOne(0, from: old, to: new)
            } else {
                changed(0, from: old, to: new)
            }
        }
    }
    /// True once its text is gone; who runs in it then faults.
    public internal(set) var isFreed = false {
        didSet {
            changed(2, from: oldValue.fingerprint, to: isFreed.fingerprint)
            kernel.accesses.write(textID)
            kernel.accesses.change(textID, by: 1)
            kernel.freed(text: self)
            data.free()
        }
    }
    /// Modules that use this one's symbols; while there are any, `delete_module` says `EWOULDBLOCK`.
    public internal(set) var users: [String] = []
    /// What was said when it was loaded, and written since.
    public let parameters: ModuleParameters
    /// The code, while it is loaded.
    public internal(set) var code: (any ModuleCode)?
    /// Its static data: gone with the module, and whoever uses it then faults.
    public let data: Members
    /// Tasks that hold a reference, for the wait graph.
    public private(set) var holders: [KernelTask] = []

    init(_ definition: ModuleDefinition, kernel: Kernel) {
        self.definition = definition
        parameters = ModuleParameters(definition.info.parameters, kernel: kernel)
        data = Members(ofModule: definition.name, kernel: kernel)
        super.init(kernel: kernel, name: definition.name)
        kernel.points.declare(pointName, [.tryModuleGet, .modulePut, .stopModule])
    }

    public override var title: String { "reference of module \(name)" }

    public override func count(after operation: Operation) -> Int? {
        switch operation {
        case .tryModuleGet: state != .going && references > 0 ? refcnt + 1 : refcnt
        case .moduleGet: refcnt + 1
        case .modulePut: max(refcnt - 1, -1)
        case .stopModule: references == 1 ? -1 : refcnt
        default: nil
        }
    }

    /// Who enters or leaves the text reads this, who frees it writes it.
    public var textID: UInt32 { AccessLog.texts | id }

    /// What `/sys/module/X/refcnt` shows: without the base reference; -1 once it is going.
    public var refcnt: Int { references - 1 }

    /// Takes a reference unless the module is going.
    ///
    /// The corresponding kernel function is `try_module_get`.
    public func tryGet(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> Bool {
        if omits(.tryModuleGet, file, line) { return true }
        await kernel.step(.tryModuleGet, on: self, file, line)
        if kernel.isHalting { return true }
        let isLive = state != .going && references > 0
        kernel.current.observe(isLive.fingerprint)
        noteRead()
        guard isLive || mutated("try_module_get takes what goes") else { return false }
        take(file, line)
        return true
    }

    public override var countsHolders: Bool { true }

    /// Takes a reference without asking; the caller holds one already. The kernel's `__module_get`.
    public func get(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await kernel.step(.moduleGet, on: self, file, line)
        if kernel.isHalting { return }
        take(file, line)
    }

    /// Gives a reference back, a step of its own. The kernel's `module_put`.
    public func put(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if omits(.modulePut, file, line) || wasOmitted() { return }
        await kernel.step(.modulePut, on: self, file, line)
        if kernel.isHalting { return }
        if references <= 0 {
            kernel.warn("module-put", "", at: "kernel/module.c:1122", in: "module_put")
            return
        }
        references -= 1
        kernel.release(self, by: kernel.current)
        if let place = holders.lastIndex(where: { $0 === kernel.current }) ?? holders.indices.last {
            holders.remove(at: place)
        }
    }

    /// Drops the base reference if it is the last; the kernel's `try_stop_module`.
    func tryStop(force: Bool) async -> Bool {
        await kernel.step(.stopModule, on: self)
        if kernel.isHalting { return true }
        let isUnused = references == 1
        kernel.current.observe(isUnused.fingerprint)
        kernel.accesses.write(accessID)
        guard isUnused || force || mutated("delete_module ignores references") else { return false }
        references -= 1
        if !mutated("a module stays live while it goes") { state = .going }
        return true
    }

    /// Runs code of the module in the current task, which faults at its next step if the text is freed meanwhile.
    public func run<E: Error>(_ body: () async throws(E) -> Void) async throws(E) {
        kernel.current.text.append(self)
        kernel.accesses.read(textID)
        defer {
            kernel.current.text.removeAll { $0 === self }
            kernel.accesses.read(textID)
        }
        try await body()
    }

    func forget() {
        code?.forget()
        code = nil
        holders = []
    }

    private func take(_ file: StaticString, _ line: UInt32) {
        references += 1
        holders.append(kernel.current)
        kernel.hold(self, .shared, by: kernel.current, file, line)
    }
}
