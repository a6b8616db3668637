import KernelCore
import Kernfs
import Machine

/// What a descriptor leads to. The kernel's `struct file`: descriptors that were duplicated share it, and its offset.
final class OpenDescription {
    enum Kind {
        /// Where a person looks.
        case terminal
        /// What a person may type: nobody knows what.
        case input
        case null
        case file(KernfsOpenFile)
        /// An open disk. Its data is not explored: who has it open is.
        case disk(any DeviceHandle, id: UInt64)
    }

    let kind: Kind
    let isReadable: Bool
    let isWritable: Bool
    var offset = 0

    init(_ kind: Kind, reads: Bool, writes: Bool) {
        self.kind = kind
        isReadable = reads
        isWritable = writes
    }

    /// It has something of the kernel's in hand.
    var isOfKernel: Bool {
        switch kind {
        case .file, .disk: true
        case .terminal, .input, .null: false
        }
    }

    /// All that later reads and writes depend on.
    var fingerprint: UInt64 {
        let hash = mix(UInt64(bitPattern: Int64(offset)), (isReadable ? 2 : 0) | (isWritable ? 1 : 0))
        return switch kind {
        case .terminal: mix(hash, 1)
        case .input: mix(hash, 2)
        case .null: mix(hash, 3)
        case .file(let file): mix(hash, mix(4, file.fingerprint))
        case .disk(_, let id): mix(hash, mix(5, id))
        }
    }
}
