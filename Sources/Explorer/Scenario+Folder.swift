import Foundation
import SystemPackage

extension Scenario {
    /// Bytes that a file of a scenario may have.
    private static let longestFile = 1 << 16
    /// Scripts that a folder may have.
    private static let mostScripts = 64

    /// Reads a folder.
    ///
    /// - Throws: what cannot be read, with file and line.
    public init(folder: String) throws {
        let url = URL(filePath: folder, directoryHint: .isDirectory).standardizedFileURL
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: url.path) else {
            throw ScenarioError(file: folder, "there is no such folder")
        }
        let name = url.lastPathComponent
        func text(_ file: String) throws(ScenarioError) -> String {
            guard files.contains(file) else { return "" }
            return try Self.text(of: url.appending(path: file).path, as: "\(name)/\(file)")
        }
        let names = files.sorted().filter { $0.hasSuffix(".sh") && !$0.hasPrefix(".") }
        guard names.count <= Self.mostScripts else {
            throw ScenarioError(file: folder, "there are more than \(Self.mostScripts) scripts")
        }
        var scripts: [String: String] = [:]
        for file in names {
            try Self.check(name: file)
            scripts[String(file.dropLast(3))] = try text(file)
        }
        try self.init(
            name: name, scripts: scripts, terminals: try text("terminals"), expected: try text("expected"),
            refused: try text("refused"), machine: try text("machine"), summary: try text("description"))
    }

    /// The text of a regular file, and never part of one.
    private static func text(of path: String, as name: String) throws(ScenarioError) -> String {
        do {
            // Not to wait for who writes a pipe.
            let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
            defer { try? file.close() }
            var bytes: [UInt8] = []
            var status = stat()
            guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw ScenarioError(file: name, "it is no regular file")
            }
            while bytes.count <= longestFile {
                let part = try [UInt8](unsafeUninitializedCapacity: longestFile) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if part.isEmpty { break }
                bytes += part
            }
            guard bytes.count <= longestFile else {
                throw ScenarioError(file: name, "it has more than \(longestFile) bytes")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                let line = bytes.firstIndex { $0 >= 0x80 }.map { bytes[..<$0].count { $0 == 10 } + 1 } ?? 1
                throw ScenarioError(file: name, line: line, "bytes that are not UTF-8")
            }
            return text
        } catch let error as ScenarioError {
            throw error
        } catch {
            throw ScenarioError(file: name, "it cannot be read: \(error)")
        }
    }
}
