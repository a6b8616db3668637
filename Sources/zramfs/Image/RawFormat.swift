import ArgumentParser
import Glibc

/// How a disk is stored in a file of its own.
enum RawFormat: String, ExpressibleByArgument, CaseIterable {
    case raw, qcow2

    /// By the end of its name.
    init(of path: String) { self = path.hasSuffix(".qcow2") ? .qcow2 : .raw }

    /// Runs the body with a raw file to write, and makes of it what the format asks for.
    func write(to path: String, _ body: (RawFile) throws -> Void) throws {
        if self == .raw { return try body(RawFile(writing: path)) }
        try withTemporary(beside: path) { raw in
            try body(RawFile(writing: raw))
            try convert(["-f", "raw", "-O", "qcow2", raw, path])
        }
    }

    /// Runs the body with the content as a raw file.
    func read(_ path: String, _ body: (RawFile) throws -> Void) throws {
        let file = try RawFile(reading: path)
        if self == .raw { return try body(file) }
        try withTemporary(beside: Host.temporaryFolder + "/zramfs") { raw in
            try convert(["-f", "qcow2", "-O", "raw", path, raw])
            try body(RawFile(reading: raw))
        }
    }

    private func withTemporary(beside path: String, _ body: (String) throws -> Void) throws {
        let raw = "\(path).\(getpid()).raw"
        defer { unlink(raw) }
        try body(raw)
    }

    private func convert(_ arguments: [String]) throws {
        switch Process.run("qemu-img", ["qemu-img", "convert"] + arguments) {
        case 0: return
        case -1, 127: throw Failure("qcow2 needs qemu-img: install qemu-utils, or use --format raw", .usage)
        default: throw Failure("qemu-img could not convert it")
        }
    }
}
