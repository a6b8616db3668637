import Foundation
import HostGuard
import KernelCore
import Synchronization

/// Parts of a search tell each other of the states that they have entered, by files in a folder, and look at none twice.
///
/// Who reads of a state relies on its run: that run looks at what comes behind the state, or saves it as left. So each run
/// has a number, and parts can be merged only if the runs that they rely on are among them (`SavedSearch.merged`).
public final class StateExchange: Sendable {
    private struct Other {
        var reader: FileHandle
        var run: UInt64
        var rest: [UInt8] = []
    }

    private struct State {
        var others: [Int: Other] = [:]
        var lastTime: UInt64 = 0
        var relies: Set<UInt64> = []
    }

    private static let magic: UInt64 = 0x7a72_616d_7365_656e
    private static let pause: UInt64 = 50_000_000
    let run = UInt64.random(in: 1 ... .max)
    private let folder: String
    private let part: SavedSearch.Part
    private let writer: FileHandle
    private let state = Mutex(State())
    private let clock = KernelClock()

    /// Takes part; what an earlier run of this part wrote is no longer there for others.
    ///
    /// - Parameter search: the part that is to be explored.
    /// - Throws: the host's error; nil parts are refused.
    public init?(folder: String, part search: SavedSearch) throws {
        guard let part = search.origin.last else { return nil }
        self.folder = folder
        self.part = part
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let name = Self.name(folder, part, part.index)
        // Complete from the moment it has its name.
        try OutputFile.write(Self.bytes([Self.magic, run]), to: name)
        writer = try FileHandle(forWritingTo: URL(filePath: name))
        try writer.seekToEnd()
    }

    /// The runs whose states were taken over.
    var relies: Set<UInt64> { state.withLock { $0.relies } }

    /// Writes what is new here, and takes over what is new elsewhere; not too often, unless it must be.
    func sync(_ states: StateSet, isForced: Bool = false) {
        _ = state.withLockIfAvailable { state in
            guard isForced || clock.now > state.lastTime + Self.pause else { return }
            var words: [UInt64] = []
            for (key, sleeping) in states.takeJournal() { words += [key, UInt64(sleeping.count)] + sleeping }
            // What cannot be written is looked at by the others, too.
            if !words.isEmpty { try? writer.write(contentsOf: Self.bytes(words)) }
            for index in 0..<part.count where index != part.index { read(index, &state, states) }
            state.lastTime = clock.now
        }
    }

    private func read(_ index: Int, _ state: inout State, _ states: StateSet) {
        if state.others[index] == nil {
            guard let reader = FileHandle(forReadingAtPath: Self.name(folder, part, index)),
                let head = try? reader.read(upToCount: 16), head.count == 16, Self.word(head, 0) == Self.magic
            else { return }
            state.others[index] = Other(reader: reader, run: Self.word(head, 8))
        }
        guard let data = try? state.others[index]!.reader.readToEnd(), !data.isEmpty else { return }
        let bytes = state.others[index]!.rest + data
        var place = 0
        // A record may be half written.
        while place + 16 <= bytes.count {
            let count = Int(truncatingIfNeeded: Self.word(bytes, place + 8))
            guard (0...64).contains(count), place + 16 + 8 * count <= bytes.count else { break }
            states.learn(
                Self.word(bytes, place), sleeping: (0..<count).map { Self.word(bytes, place + 16 + 8 * $0) })
            place += 16 + 8 * count
        }
        if place > 0 { state.relies.insert(state.others[index]!.run) }
        state.others[index]!.rest = Array(bytes[place...])
    }

    private static func name(_ folder: String, _ part: SavedSearch.Part, _ index: Int) -> String {
        "\(folder)/seen-\(String(part.search, radix: 16))-\(index)-\(part.count)"
    }

    private static func bytes(_ words: [UInt64]) -> Data {
        words.withUnsafeBytes { Data($0) }
    }

    private static func word(_ bytes: some ContiguousBytes, _ place: Int) -> UInt64 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
    }
}
