import CFuseShims
import Kernfs
import SystemPackage

/// The right to answer a read or a write of an open file, exactly once. Such requests do not go through libfuse, whose
/// list of them and its locks cost as much as a small attribute itself.
///
/// A lost reply is a hung shell, so that a transfer that nobody answered is answered `EIO` when it is dropped.
struct Transfer: ~Copyable {
    /// The number that the FUSE kernel gave it.
    let unique: UInt64
    /// The thread that asks; 0 if it is the kernel itself or lives in a foreign pid namespace.
    let pid: Int32
    private let context: OpaquePointer

    init(_ transfer: zf_transfer, _ context: OpaquePointer) {
        unique = transfer.unique
        pid = transfer.pid
        self.context = context
    }

    deinit { zf_reply_error(context, unique, Errno.ioError.rawValue) }

    consuming func fail(_ error: Errno) {
        zf_reply_error(context, unique, error.rawValue)
        discard self
    }

    consuming func wrote(_ count: Int) {
        zf_reply_written(context, unique, UInt32(truncatingIfNeeded: count))
        discard self
    }

    consuming func bytes(_ buffer: UnsafeRawBufferPointer) {
        zf_reply_data(context, unique, buffer.baseAddress, buffer.count)
        discard self
    }

    consuming func text(_ text: KernfsText) {
        text.withBytes { zf_reply_data(context, unique, $0.baseAddress, $0.count) }
        discard self
    }
}

/// Transfers that wait, by their numbers, and signals that came for them.
///
/// A signal can be read before its transfer has begun to wait: another worker has that in hand. So the last signals for
/// numbers that nobody knew are kept for a while; numbers are never used again.
struct Interrupts {
    private var waiting: [UInt64: UInt64] = [:]
    private var early: [UInt64] = []
    private var oldest = 0
    private static let kept = 256

    /// A transfer waits.
    /// - Returns: true if its caller got a signal before.
    mutating func insert(_ unique: UInt64, ticket: UInt64) -> Bool {
        waiting[unique] = ticket
        return early.contains(unique)
    }

    /// It was answered.
    mutating func remove(_ unique: UInt64) { waiting[unique] = nil }

    /// Its caller got a signal.
    /// - Returns: the ticket of its call; nil if none of that number waits.
    mutating func interrupted(_ unique: UInt64) -> UInt64? {
        if let ticket = waiting[unique] { return ticket }
        if early.count < Self.kept {
            early.append(unique)
        } else {
            early[oldest] = unique
            oldest = (oldest + 1) % Self.kept
        }
        return nil
    }
}
