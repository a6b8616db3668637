import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// A directory that goes with its test.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/pagestore-test.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["image", "foreign", "copy", "directory"] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    func file(_ name: String = "image") -> String { "\(path)/\(name)" }

    func write(_ name: String, _ bytes: [UInt8], at offset: Int = 0) throws {
        let file = try ImageFile.open(self.file(name), flags: O_RDWR | O_CREAT, action: "open")
        try file.write(at: UInt64(offset), bytes)
    }

    func read(_ name: String, at offset: Int = 0, count: Int) throws -> [UInt8] {
        let file = try ImageFile.open(self.file(name), flags: O_RDONLY, action: "open")
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes {
            try file.readAvailable(at: UInt64(offset), into: $0.baseAddress!, count: count)
        }
        return Array(bytes.prefix(got))
    }
}

/// Numbers that are the same in every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Bytes of several kinds: zero, one repeated word, compressible, random.
func content(_ count: Int, kind: Int, _ random: inout Seeded) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let word = random.next()
    bytes.withUnsafeMutableBytes { buffer in
        for offset in stride(from: 0, to: count & ~7, by: 8) {
            let value: UInt64 =
                switch kind % 4 {
                case 0: 0
                case 1: word
                case 2: (word &+ UInt64(offset / 48)) & 0xFFFF
                default: random.next()
                }
            buffer.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
        }
    }
    return bytes
}

extension PageTable {
    func put(_ bytes: [UInt8], at offset: UInt64) throws(Errno) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(Errno) in try writeRange(byteOffset: offset, from: buffer) }
        }
        try result.get()
    }

    func get(_ count: Int, at offset: UInt64) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(Errno) in try readRange(byteOffset: offset, into: buffer) }
        }
        try result.get()
        return bytes
    }
}

/// Runs the body on real threads, and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work: Sendable {
        let index: Int
        let body: @Sendable (Int) -> Void
        init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }
    var threads: [pthread_t] = []
    for index in 0..<count {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(index, body)).toOpaque()
        let error = pthread_create(
            &thread,
            nil,
            { argument in
                let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
                work.body(work.index)
                return nil
            },
            work
        )
        precondition(error == 0, "pthread_create failed with error \(error)")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
