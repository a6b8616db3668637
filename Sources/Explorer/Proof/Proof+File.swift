import Foundation
import HostGuard

/// A proof as a file: JSON, with a checksum of each field beside them, so that a changed one can be named.
extension Proof {
    /// Why a file is no proof.
    public enum Unreadable: Error, Equatable, CustomStringConvertible {
        /// It cannot be read as what `write` writes.
        case foreign(String)
        /// A field is not what was written.
        case edited(String)

        /// For a person.
        public var description: String {
            switch self {
            case .foreign(let why): "it is no proof that explore --proof wrote: \(why)"
            case .edited(let field): "its field '\(field)' was changed since it was written"
            }
        }
    }

    /// No proof is longer.
    private static let longest = 64 << 20
    private static let checks = "checks"

    /// The file's bytes.
    public func data() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard var fields = try JSONSerialization.jsonObject(with: encoder.encode(self)) as? [String: Any] else {
            throw Unreadable.foreign("it has no fields")
        }
        var sums: [String: String] = [:]
        for (name, value) in fields { sums[name] = try Self.checksum(name, value) }
        fields[Self.checks] = sums
        return try JSONSerialization.data(
            withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// Writes it to a file.
    public func write(to file: String) throws { try OutputFile.write(try data(), to: file) }

    private static func checksum(_ name: String, _ value: Any) throws -> String {
        var sum = Checksum()
        sum.add(name)
        // In an array: a single value is no document of its own.
        try JSONSerialization.data(withJSONObject: [value], options: [.sortedKeys]).withUnsafeBytes { sum.add($0) }
        return sum.text
    }

    /// Reads a file.
    ///
    /// - Throws: `Unreadable` for what is no proof, or one that was changed; the host's error.
    public init(file: String) throws { try self.init(data: Data(contentsOf: URL(filePath: file))) }

    /// Reads a file's bytes.
    init(data: Data) throws {
        guard data.count <= Self.longest else { throw Unreadable.foreign("it is too long") }
        guard var fields = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw Unreadable.foreign("it is no JSON object")
        }
        guard let format = fields["format"] as? String else { throw Unreadable.foreign("it has no format") }
        guard let sums = fields.removeValue(forKey: Self.checks) as? [String: String] else {
            throw Unreadable.foreign("its format is '\(format.prefix(40))', here '\(Self.currentFormat)'")
        }
        for name in Set(fields.keys).union(sums.keys).sorted() {
            guard let value = fields[name], let sum = sums[name], try Self.checksum(name, value) == sum else {
                throw Unreadable.edited(String(name.prefix(40)))
            }
        }
        guard format == Self.currentFormat else {
            throw Unreadable.foreign("its format is '\(format.prefix(40))', here '\(Self.currentFormat)'")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: fields))
        } catch {
            throw Unreadable.foreign("a field is missing, or of another kind")
        }
        // A field that nobody reads would hold whatever it says.
        let own = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self)) as? [String: Any]
        if let unknown = Set(fields.keys).subtracting(own?.keys.map(\.self) ?? []).sorted().first {
            throw Unreadable.edited(String(unknown.prefix(40)))
        }
    }
}
