#if ZRAMFS_MUTATIONS
    import Foundation
    import Synchronization

    /// A fault of the simulated kernel or a driver that a test build switches on: a judge of the judges. Only builds with
    /// `ZRAMFS_MUTATIONS` know any of this.
    public enum Mutation {
        /// `ZRAMFS_MUTATION`: the name of a fault that stands in the source, or `KIND OPERATION OBJECT FILE LINE`: a step
        /// that is left out (`omit`), or taken back at once (`early`).
        public static let chosen = ProcessInfo.processInfo.environment["ZRAMFS_MUTATION"] ?? ""
        /// Calls `noteSite` for every step that could be left out.
        public static let isListing = chosen == "list"
        private static let words = chosen.split(separator: " ").map(String.init)
        private static let kind = words.count == 5 ? words[0] : ""
        private static let line = UInt32(words.last ?? "") ?? 0
        private static let seen = Synchronization.Mutex<Set<String>>([])

        /// What could be left out and was met, and names that were asked for.
        public static var sites: [String] { seen.withLock { $0.sorted() } }

        static func note(_ text: @autoclosure () -> String) {
            let text = text()
            _ = seen.withLock { $0.insert(text) }
        }

        @usableFromInline static func isChosen(_ name: StaticString) -> Bool {
            if isListing { note("\(name)") }
            return !chosen.isEmpty && chosen == "\(name)"
        }

        static func concerns(
            _ wanted: String, _ operation: Operation, _ object: KernelObject, _ file: StaticString, _ line: UInt32
        ) -> Bool {
            if isListing { note("\(operation.name) \(object.mutationName) \(file) \(line)") }
            return line == self.line && kind == wanted && words[1] == operation.name && words[3] == "\(file)"
                && words[2] == object.mutationName
        }
    }
#endif

/// True in a test build whose `ZRAMFS_MUTATION` is `name`: the fault that stands there happens.
@inlinable @inline(__always)
public func mutated(_ name: StaticString) -> Bool {
    #if ZRAMFS_MUTATIONS
        Mutation.isChosen(name)
    #else
        false
    #endif
}

extension KernelObject {
    /// True in a test build that leaves this step out; what it would have taken is not given back either.
    @inlinable @inline(__always)
    public final func omits(_ operation: Operation, _ file: StaticString, _ line: UInt32) -> Bool {
        #if ZRAMFS_MUTATIONS
            mutates("omit", operation, file, line)
        #else
            false
        #endif
    }

    /// True in a test build that gives back at once what the step has taken.
    @inlinable @inline(__always)
    public final func endsEarly(_ operation: Operation, _ file: StaticString, _ line: UInt32) -> Bool {
        #if ZRAMFS_MUTATIONS
            mutates("early", operation, file, line)
        #else
            false
        #endif
    }

    /// True in a test build if the current task has nothing to give back: it never took it, or gave it back early.
    @inlinable @inline(__always)
    public final func wasOmitted() -> Bool {
        #if ZRAMFS_MUTATIONS
            takeBackMutation()
        #else
            false
        #endif
    }
}

extension Kernel {
    /// In a test build every step goes the long way, where it can be left out.
    @inlinable @inline(__always) var isMutable: Bool {
        #if ZRAMFS_MUTATIONS
            true
        #else
            false
        #endif
    }
}

#if ZRAMFS_MUTATIONS
    extension KernelObject {
        @usableFromInline
        final func mutates(
            _ kind: String, _ operation: Operation, _ file: StaticString, _ line: UInt32
        ) -> Bool {
            guard Mutation.concerns(kind, operation, self, file, line) else { return false }
            if operation.takesSomething { kernel.mutated.append((kernel.current, self)) }
            return true
        }

        @usableFromInline
        final func takeBackMutation() -> Bool {
            let task = kernel.current
            let place = kernel.mutated.lastIndex { $0.task === task && $0.object === self }
            if let place { kernel.mutated.remove(at: place) }
            return place != nil
        }
    }

    extension Operation {
        fileprivate var takesSomething: Bool {
            switch self {
            case .lock, .downRead, .downWrite, .getActive, .tryModuleGet, .moduleGet: true
            default: false
            }
        }
    }
#endif
