import ArgumentParser
import Glibc
import HostGuard

/// How a disk is stored in a file of its own.
enum RawFormat: String, ExpressibleByArgument, CaseIterable {
    case raw, qcow2

    /// By the end of its name.
    init(of path: String) { self = path.hasSuffix(".qcow2") ? .qcow2 : .raw }

    /// Runs the body with a raw file to write, and makes of it what the format asks for.
    /// - Parameter inputs: files that must not be it.
    func write(to path: String, sparing inputs: [String], _ body: (RawFile) throws -> Void) throws {
        if self == .raw { return try body(RawFile(writing: path, sparing: inputs)) }
        try OutputCheck.spare(path, inputs: inputs)
        try Outputs.check(path)
        // Beside it: there is room for it there, and a rename is enough.
        try Outputs.withPrivateFolder(path + ".zramfs") { folder in
            let raw = folder + "/raw", converted = folder + "/qcow2"
            try body(RawFile(writing: raw))
            try convert(["-f", "raw", "-O", "qcow2", Self.absolute(raw), Self.absolute(converted)])
            try OutputCheck.spare(path, inputs: inputs)
            try Outputs.check(path)
            guard rename(converted, path) == 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
        }
    }

    /// Runs the body with the content as a raw file.
    func read(_ path: String, _ body: (RawFile) throws -> Void) throws {
        let file = try RawFile(reading: path)
        if self == .raw { return try body(file) }
        if let refusal = ImageHeader.refusal(try file.head(104)) { throw Failure("\(path): \(refusal)", .usage) }
        try Outputs.withPrivateFolder { folder in
            let raw = folder + "/raw"
            try convert(["-O", "raw", Self.source(path), Self.absolute(raw)])
            try body(RawFile(reading: raw))
        }
    }

    /// The file as qemu-img is told of it: whatever its header says by now, without a backing file, and its name is a
    /// name, not a protocol's.
    private static func source(_ path: String) -> String {
        let name = JSONText.quote(absolute(path))
        return #"json:{"driver": "qcow2", "backing": null, "file": {"driver": "file", "filename": \#(name)}}"#
    }

    /// With a slash in front, so that no part of it passes for a protocol, as `nbd:` would.
    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else { return "./" + path }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path)"
    }

    private func convert(_ arguments: [String]) throws {
        switch Process.run("qemu-img", ["qemu-img", "convert"] + arguments) {
        case 0: return
        case -1, 127: throw Failure("qcow2 needs qemu-img: install qemu-utils, or use --format raw", .usage)
        default: throw Failure("qemu-img could not convert it")
        }
    }
}
