import Glibc

/// Reads a line of this package's sources, to check that reports name the right ones.
enum SourceLine {
    struct Missing: Error { let path: String }

    /// The line of `Target/File.swift`.
    static func read(_ file: String, _ line: Int) throws -> String {
        let root = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/Sources/\(file)"
        guard let stream = fopen(path, "r") else { throw Missing(path: path) }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(stream), byte != EOF { bytes.append(UInt8(byte)) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { throw Missing(path: "\(path):\(line)") }
        return String(lines[line - 1])
    }
}
