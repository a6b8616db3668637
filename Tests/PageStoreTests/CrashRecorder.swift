import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// All that a store asked of the host, so that any state can be made that a crash of the host could have left behind.
final class CrashRecorder {
    enum Change {
        case write(UInt64, [UInt8])
        case punch(UInt64, UInt64)
        case truncate(UInt64)
        case synchronize
    }

    private(set) var changes: [Change] = []

    func watch(_ file: ImageFile) {
        file.observer = { [unowned self] change throws(Errno) in
            switch change {
            case .write(let offset, let bytes): changes.append(.write(offset, Array(bytes)))
            case .punch(let offset, let count): changes.append(.punch(offset, count))
            case .truncate(let length): changes.append(.truncate(length))
            case .synchronize: changes.append(.synchronize)
            }
        }
    }

    /// A file in memory.
    struct Disk {
        var bytes: [UInt8] = []

        mutating func extend(to length: Int) {
            if bytes.count < length { bytes += [UInt8](repeating: 0, count: length - bytes.count) }
        }

        /// Applies a part of a change: from byte `from` on, up to byte `to` of it.
        mutating func apply(_ change: Change, from: Int = 0, to: Int = .max) {
            switch change {
            case .write(let offset, let data):
                let range = min(from, data.count)..<min(to, data.count)
                guard !range.isEmpty else { return }
                extend(to: Int(offset) + range.upperBound)
                bytes.replaceSubrange(
                    (Int(offset) + range.lowerBound)..<(Int(offset) + range.upperBound), with: data[range])
            case .punch(let offset, let count):
                // The host drops whole blocks.
                let first = min(Int(offset) + min(from, Int(count)) / 4096 * 4096, bytes.count)
                let end = min(to < Int(count) ? Int(offset) + to / 4096 * 4096 : Int(offset + count), bytes.count)
                guard first < end else { return }
                bytes.withUnsafeMutableBytes { _ = memset($0.baseAddress! + first, 0, end - first) }
            case .truncate(let length):
                extend(to: Int(length))
                bytes.removeLast(bytes.count - Int(length))
            case .synchronize: break
            }
        }

        func write(to path: String) throws {
            unlink(path)
            let file = try ImageFile.open(path, flags: O_RDWR | O_CREAT, action: "open")
            try file.truncate(to: UInt64(bytes.count))
            try bytes.withUnsafeBytes { all in
                for start in stride(from: 0, to: all.count, by: 4096) {
                    let block = UnsafeRawBufferPointer(rebasing: all[start..<min(start + 4096, all.count)])
                    // All of it is as its first byte, which is zero.
                    let first = block.baseAddress!
                    if block.count == 4096, block[0] == 0, memcmp(first, first + 1, 4095) == 0 { continue }
                    try file.write(at: UInt64(start), from: block.baseAddress!, count: block.count)
                }
            }
        }
    }

    /// The disk after a crash behind the first `end` changes. What was followed by a wait for the disk is there; of the
    /// rest each change is there, is not there, or is torn at any byte, in either direction, whatever came later.
    func crash(at end: Int, base: Disk, synchronized: Int, _ random: inout Seeded) -> Disk {
        var disk = base
        let style = Int.random(in: 0..<4, using: &random)
        for index in synchronized..<end {
            let isLast = index == end - 1
            switch style {
            // As if only the daemon had died; the last change may be torn.
            case 0: tear(changes[index], isLast, &disk, &random)
            // Nothing that was not waited for.
            case 1: break
            default:
                switch Int.random(in: 0..<3, using: &random) {
                case 0: break
                case 1: disk.apply(changes[index])
                default: tear(changes[index], true, &disk, &random)
                }
            }
        }
        return disk
    }

    private func tear(_ change: Change, _ isTorn: Bool, _ disk: inout Disk, _ random: inout Seeded) {
        guard isTorn else { return disk.apply(change) }
        let count: Int
        switch change {
        case .write(_, let data): count = data.count
        case .punch(_, let length): count = Int(length)
        default: return disk.apply(change)
        }
        let place = Int.random(in: 0...count, using: &random)
        if Bool.random(using: &random) { disk.apply(change, to: place) } else { disk.apply(change, from: place) }
    }
}
