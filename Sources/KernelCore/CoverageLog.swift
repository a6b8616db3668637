/// What tasks did: which steps were taken, at which lines, who had to wait for what, what became of attributes, which
/// patches were asked for. Kept over many kernels, one after another; of no thread but one.
///
/// It is enough to note a step when it is taken: one that is recalled later is of the same task in the same place, that
/// finds the same, and so goes through the same lines.
public final class CoverageLog {
    /// A line with a step.
    public struct Line: Hashable, Sendable {
        /// As `#fileID`.
        public let file: String
        /// The line.
        public let line: UInt32
    }

    /// Steps as gates name them: `init_lock.down_write`.
    public private(set) var steps: Set<String> = []
    /// Those before which somebody had to wait.
    public private(set) var waits: Set<String> = []
    /// Lines of the simulated kernel at which a step was taken.
    public private(set) var lines: Set<Line> = []
    /// What attributes did: `reset store`, and how that ended: `reset store: Device or resource busy`.
    public private(set) var attributes: Set<String> = []
    /// Patches, by whether they were there when somebody asked: `zram-up: no`.
    public private(set) var patches: Set<String> = []

    /// Steps that were noted lately, so that most cost no look into a set.
    private struct Known: Equatable {
        let file: UInt
        let place: UInt64
        let name: String
    }
    private var recent = [Known](repeating: Known(file: 0, place: 0, name: ""), count: 1024)
    private var recentPatches: UInt64 = 0

    /// Nothing was done yet.
    public init() {}

    /// A step is taken.
    @inline(__always)
    func took(_ operation: Operation, _ object: KernelObject, _ file: StaticString, _ line: UInt32) {
        let known = Known(
            file: UInt(bitPattern: file.utf8Start),
            place: UInt64(line) << 8 | UInt64(operation.rawValue), name: object.pointName)
        let index = Int(truncatingIfNeeded: (UInt64(line) &* 37 ^ UInt64(object.id) &* 5) & 1023)
        if recent[index] == known { return }
        recent[index] = known
        steps.insert("\(object.pointName).\(operation.name)")
        lines.insert(Line(file: file.description, line: line))
    }

    /// A task cannot take its step.
    func waits(_ operation: Operation, _ object: KernelObject) {
        waits.insert("\(object.pointName).\(operation.name)")
    }

    /// An attribute's method begins.
    public func begins(_ attribute: String, _ method: String) { attributes.insert("\(attribute) \(method)") }

    /// An attribute's method ended; how.
    public func ended(_ attribute: String, _ method: String, _ how: String) {
        attributes.insert("\(attribute) \(method): \(how)")
    }

    /// Somebody asked whether a patch is there; `bit` is its own.
    @inline(__always)
    public func asked(_ bit: UInt32, _ name: @autoclosure () -> String, _ isThere: Bool) {
        let bits = isThere ? UInt64(bit) << 32 : UInt64(bit)
        if recentPatches & bits == bits { return }
        recentPatches |= bits
        patches.insert("\(name()): \(isThere ? "yes" : "no")")
    }
}
