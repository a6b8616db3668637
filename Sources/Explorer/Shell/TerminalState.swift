import KernelCore

/// All that the rest of a terminal's script depends on, between two commands. `TerminalStateTests` holds that the
/// fingerprint has every property.
struct TerminalState {
    /// A loop that the terminal is in, from the outermost.
    struct Loop {
        /// What is left of the list of a `for`; empty for the others.
        var words: [String]
        /// The status of the loop, if somebody asks for it.
        var status: Int32 = 0
    }

    /// The number of the next command.
    var place = 0
    /// `$?`.
    var status: Int32 = 0
    var variables: [String: String] = [:]
    var loops: [Loop] = []
    /// By number; nil is closed.
    var descriptors: [OpenDescription?]

    init() {
        let screen = OpenDescription(.terminal, reads: false, writes: true)
        descriptors = [OpenDescription(.input, reads: true, writes: false), screen, screen]
        descriptors += Array(repeating: nil, count: 7)
    }

    /// Equal for equal states, across runs of the program.
    var fingerprint: UInt64 {
        var hash = mix(UInt64(place), UInt64(bitPattern: Int64(status)))
        for loop in loops { hash = mix(mix(hash, UInt64(bitPattern: Int64(loop.status))), loop.words.fingerprint) }
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            hash = mix(hash, mix(name.fingerprint, value.fingerprint))
        }
        for (number, description) in descriptors.enumerated() {
            guard let description else { continue }
            // Whose offset it shares.
            let first = descriptors.firstIndex { $0 === description } ?? number
            hash = mix(hash, mix(UInt64(number << 8 | first), description.fingerprint))
        }
        return mix(hash, UInt64(loops.count << 16 | variables.count))
    }

    /// Something of the kernel's is in hand.
    var hasOpenFile: Bool { descriptors.contains { $0?.isOfKernel == true } }
}

/// How a command ended that asked something of the simulated kernel.
struct CommandEnd: Hashable, Sendable {
    /// Which terminal, command and errno, in one word; errno 0: it succeeded.
    let code: UInt64

    /// - Parameters:
    ///   - terminal: the first that runs the same script.
    init(terminal: Int, place: Int, errno: Int32) {
        code = UInt64(terminal) << 32 | UInt64(place) << 8 | UInt64(UInt8(truncatingIfNeeded: errno))
    }

    init(code: UInt64) { self.code = code }

    var terminal: Int { Int(code >> 32) }
    var place: Int { Int(code >> 8 & 0xff_ffff) }
    var errno: Int32 { Int32(code & 0xff) }
}
