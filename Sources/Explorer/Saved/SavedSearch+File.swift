import Foundation
import HostGuard
import Zram

/// A saved search as a file: a line that says what it is, two lengths, a header in JSON, 64-bit words, and the checksum of
/// all that.
extension SavedSearch {
    /// Why a file is no saved search, or none that can be gone on from.
    public enum Unreadable: Error, Equatable, CustomStringConvertible {
        /// Something else.
        case foreign
        /// Of a program whose files are laid out in another way.
        case older
        /// The end is missing, or there is more.
        case cut
        /// Something in it was changed.
        case damaged
        /// It is whole, and yet no search leaves this.
        case inconsistent(String)

        /// For a person.
        public var description: String {
            switch self {
            case .foreign: "it is no search that --save wrote"
            case .older: "it was saved by another version of the program: explore anew"
            case .cut: "its end is missing, or something was added: explore anew"
            case .damaged: "it is damaged, its checksum is another: explore anew"
            case .inconsistent(let what): "it is no search that can be gone on from: \(what)"
            }
        }
    }

    private static let title = "zramfs saved search "
    private static let version = "3\n"

    /// Writes it to a file, in place of what is there.
    public func write(to path: String) throws {
        try OutputFile.write(try data(), to: path)
    }

    /// The file's bytes.
    func data() throws -> Data {
        var words = states.keys
        for (key, sleepers) in states.sleeps { words += [key, UInt64(sleepers.count)] + sleepers }
        return Self.file(try JSONEncoder().encode(SavedHeader(self)), words)
    }

    /// Puts a file together.
    static func file(_ header: Data, _ words: [UInt64]) -> Data {
        var data = Data((title + version).utf8)
        data.append([UInt64(header.count), UInt64(words.count)])
        data.append(header)
        data.append(words)
        data.append(checksum(data))
        return data
    }

    /// Reads a file.
    ///
    /// - Throws: `Unreadable` for what is none, or the host's error.
    public init(file: String) throws {
        try self.init(data: Data(contentsOf: URL(filePath: file)))
    }

    /// Reads a file's bytes.
    init(data: Data) throws(Unreadable) {
        let (header, words) = try Self.contents(of: data)
        let count = Int(header.states)
        var rest = words[count...]
        var sleeps: [UInt64: [UInt64]] = [:]
        while let key = rest.popFirst() {
            guard let count = rest.popFirst(), count <= rest.count else { throw .inconsistent("the list of sleepers") }
            sleeps[key] = Array(rest.prefix(Int(count)))
            rest = rest.dropFirst(Int(count))
        }
        self.init(header, (Array(words[..<count]), sleeps))
        try check(header)
    }

    private static func checksum(_ data: Data) -> [UInt64] {
        var sum = Checksum()
        data.withUnsafeBytes { sum.add($0) }
        return sum.words
    }

    /// Nothing of it is looked at before its checksum was.
    private static func contents(of data: Data) throws(Unreadable) -> (SavedHeader, [UInt64]) {
        let data = Data(data)
        let start = title.utf8.count + version.utf8.count
        guard data.starts(with: title.utf8) else { throw .foreign }
        guard data.dropFirst(title.utf8.count).starts(with: version.utf8) else { throw .older }
        guard data.count >= start + 32 else { throw .cut }
        let lengths = data.words(at: start, 2)
        let limit = UInt64(data.count)
        guard lengths[0] <= limit, lengths[1] <= limit / 8,
            start + 32 + Int(lengths[0]) + 8 * Int(lengths[1]) == data.count
        else { throw .cut }
        guard checksum(data.dropLast(16)) == data.words(at: data.count - 16, 2) else { throw .damaged }
        let text = data[(start + 16)..<(start + 16 + Int(lengths[0]))]
        guard let header = try? JSONDecoder().decode(SavedHeader.self, from: text) else {
            throw .inconsistent("its header")
        }
        let words = data.words(at: start + 16 + Int(lengths[0]), Int(lengths[1]))
        guard header.states >= 0, header.states <= words.count else { throw .inconsistent("the number of states") }
        return (header, words)
    }

    /// What holds of all that a search leaves: numbers that go together, and no work missing.
    private func check(_ header: SavedHeader) throws(Unreadable) {
        guard counts.isPlausible else { throw .inconsistent("its counts") }
        guard header.unfinished == branches.count else {
            throw .inconsistent("\(header.unfinished) branches were left, and it has \(branches.count)")
        }
        let weights = branches.map(\.weight) + [fraction, whole]
        guard weights.allSatisfy({ $0.isFinite && $0 >= 0 && $0 < 1e6 }), abs(balance - whole) < 1e-6 * max(1, whole)
        else { throw .inconsistent("branches are missing") }
        for part in origin {
            guard part.count > 0, (0..<part.count).contains(part.index) else { throw .inconsistent("its part") }
        }
        let longest = Schedule.longest
        guard branches.allSatisfy({ $0.path.count <= longest }),
            found.failures.values.allSatisfy({ $0.path.count <= longest })
        else { throw .inconsistent("a schedule is too long") }
    }

    /// Why the search cannot go on from it, if it is of that scenario under those patches, with these reductions, by this
    /// program; nil if it can.
    public func mismatch(_ scenario: Scenario, patches: Set<Patch>, reductions: Reductions) -> String? {
        guard let identity else { return "it does not say what it is of" }
        let here = SearchIdentity(scenario, patches, reductions)
        if let difference = identity.difference(from: here) { return "it is the search of \(difference)" }
        let setting = Setting(
            scenario, patches, isSymmetric: reductions.contains(.symmetry), isWhole: !reductions.contains(.namedFiles))
        return branches.contains { !setting.canReplay($0) } ? "a branch cannot be replayed" : nil
    }

    /// True if it is a search of that scenario under those patches, with these reductions, by this program.
    public func matches(_ scenario: Scenario, patches: Set<Patch>, reductions: Reductions) -> Bool {
        mismatch(scenario, patches: patches, reductions: reductions) == nil
    }
}

extension Data {
    fileprivate mutating func append(_ words: [UInt64]) { words.withUnsafeBytes { append(contentsOf: $0) } }

    fileprivate func words(at place: Int, _ count: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: count)
        words.withUnsafeMutableBytes { _ = self[place..<(place + 8 * count)].copyBytes(to: $0) }
        return words
    }
}
