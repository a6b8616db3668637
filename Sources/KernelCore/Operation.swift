/// What a step does to its object.
public enum Operation: UInt8, Sendable, CaseIterable {
    case lock, tryLock, unlock
    case downRead, upRead, downWrite, upWrite
    case getActive, putActive, deactivate, drain, unlink
    case tryModuleGet, moduleGet, modulePut, stopModule, moduleState
    case load, store
    case wait, waitInterruptible, complete, wake
    case sleep, text
    case lookup
    case invoke

    /// The name of the step in gates, schedules and reports: the kernel's function, short.
    public var name: String {
        switch self {
        case .lock: "lock"
        case .tryLock: "trylock"
        case .unlock: "unlock"
        case .downRead: "down_read"
        case .upRead: "up_read"
        case .downWrite: "down_write"
        case .upWrite: "up_write"
        case .getActive: "get_active"
        case .putActive: "put_active"
        case .deactivate: "deactivate"
        case .drain: "drain"
        case .unlink: "unlink"
        case .tryModuleGet: "try_get"
        case .moduleGet: "get"
        case .modulePut: "put"
        case .stopModule: "try_stop"
        case .moduleState: "state"
        case .load: "load"
        case .store: "store"
        case .wait, .waitInterruptible: "wait"
        case .complete: "complete"
        case .wake: "wake"
        case .sleep: "sleep"
        case .text: "call"
        case .lookup: "lookup"
        case .invoke: "invoke"
        }
    }

    /// Gives back what the task alone holds: nobody else can do anything with the object that would not commute.
    public var isRelease: Bool {
        switch self {
        case .unlock, .upRead, .upWrite, .putActive: true
        default: false
        }
    }
    /// Only one waiter can go on when the object becomes free.
    var isExclusive: Bool { self == .lock || self == .downWrite }
    /// Who finds that it cannot go on yet sleeps until it is woken; locks, which wake whom they let in, are not meant.
    var sleepsUntilWoken: Bool { self == .drain || self == .wait || self == .waitInterruptible }
    /// A signal ends the wait.
    var isInterruptible: Bool { self == .waitInterruptible }
}

/// A step that a task is about to take or waits for.
public struct Pending {
    /// What it will do.
    public let operation: Operation
    /// To what.
    public let object: KernelObject
    /// When it began to wait, in nanoseconds since boot.
    public let since: UInt64
    /// The line of driver code, as `#fileID`.
    public let file: StaticString
    /// The line of driver code.
    public let line: UInt32
}

/// A lock or a reference that a task holds.
public struct Hold {
    /// How it is held.
    public enum Mode: UInt8, Sendable, BitwiseCopyable {
        /// A mutex, or a semaphore for writing.
        case exclusive
        /// A semaphore for reading, an active reference, a module reference.
        case shared
    }

    /// What is held.
    public let object: KernelObject
    /// How.
    public let mode: Mode
    /// When it was taken, in nanoseconds since boot; 0 while exploring, and until the task waits for the first time:
    /// until then it was taken just now.
    public internal(set) var since: UInt64
    /// The function that took it.
    public let function: StaticString
    /// The line that took it.
    public let file: StaticString
    /// The line that took it.
    public let line: UInt32
}

/// A function of the simulated kernel that a task is in; end it with `leave()`.
public struct Frame: BitwiseCopyable {
    /// Its Swift name (`#function`); `KernelName.snake` gives the kernel's.
    public let function: StaticString
    /// The file that it stands in (`#fileID`): says whether it is a module's, e.g. `Zram/...`.
    public let file: StaticString
}
