import Foundation
import HostGuard
import Testing

@Suite struct OutputFileTests {
    private let folder: PrivateFolder

    init() throws { folder = try PrivateFolder(NSTemporaryDirectory() + "zramfs-output-tests") }

    private func path(_ name: String) -> String { folder.path + "/" + name }
    private func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : 0
    }
    private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

    @Test func aFileIsWrittenAndReplaced() throws {
        try OutputFile.write(Array("one".utf8), to: path("a"), mode: 0o640)
        #expect(text("a") == "one")
        chmod(path("a"), 0o600)
        try OutputFile.write(Array("two".utf8), to: path("a"))
        #expect(text("a") == "two")
        #expect(mode(path("a")) == S_IFREG | 0o600, "a target that is there keeps its permissions")
        #expect(names == ["a"])
    }

    @Test func whatIsNoRegularFileIsRefusedAndStays() throws {
        try OutputFile.write(Array("theirs".utf8), to: path("victim"))
        symlink(path("victim"), path("link"))
        symlink(path("nowhere"), path("dangling"))
        mkfifo(path("fifo"), 0o600)
        let before = names
        for name in ["link", "dangling", "fifo"] {
            let kind = mode(path(name))
            #expect(throws: OutputError.self) { try OutputFile.write([1], to: path(name)) }
            #expect(throws: OutputError.self) { close(try OutputFile.log(path(name), keeping: true, mode: 0o600)) }
            #expect(throws: OutputError.self) { close(try OutputFile.log(path(name), keeping: false, mode: 0o600)) }
            #expect(mode(path(name)) == kind)
        }
        #expect(throws: OutputError.self) { try OutputFile.write([1], to: folder.path) }
        #expect(text("victim") == "theirs")
        #expect(names == before)
    }

    @Test func whatIsPlantedMeanwhileIsRefused() throws {
        try OutputFile.write(Array("theirs".utf8), to: path("victim"))
        let file = try OutputFile(path("late"))
        symlink(path("victim"), path("late"))
        #expect(throws: OutputError.self) { try file.complete() }
        #expect(text("victim") == "theirs")
    }

    @Test func whatIsNotCompletedIsGone() throws {
        try OutputFile.write(Array("old".utf8), to: path("a"))
        do {
            let file = try OutputFile(path("a"))
            try [UInt8]("new".utf8).withUnsafeBytes { try file.write($0) }
        }
        #expect(text("a") == "old")
        #expect(names == ["a"])
    }

    @Test func aLogIsAppendedTo() throws {
        for text in ["a", "b"] {
            let log = try OutputFile.log(path("log"), keeping: true, mode: 0o600)
            #expect(write(log, text, 1) == 1)
            close(log)
        }
        #expect(text("log") == "ab")
    }

    @Test func theFolderIsPrivate() {
        #expect(mode(folder.path) == S_IFDIR | 0o700)
    }
}

@Suite struct ImageHeaderTests {
    private func header(_ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 104)
        bytes.replaceSubrange(0..<8, with: [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3])
        change(&bytes)
        return bytes
    }

    @Test func aHeaderThatNamesNoOtherFileIsTaken() {
        #expect(ImageHeader.refusal(header()) == nil)
        #expect(ImageHeader.refusal(header { $0[7] = 2 }) == nil)
        // Corrupt and dirty bits are for qemu-img to judge.
        #expect(ImageHeader.refusal(header { $0[79] = 3 }) == nil)
    }

    @Test func othersAreNot() {
        #expect(ImageHeader.refusal(header { $0[15] = 0x70 })?.contains("backing file") == true)
        #expect(ImageHeader.refusal(header { $0[19] = 1 })?.contains("backing file") == true)
        #expect(ImageHeader.refusal(header { $0[79] = 4 })?.contains("another file") == true)
        #expect(ImageHeader.refusal(header { $0[35] = 2 })?.contains("encrypted") == true)
        #expect(ImageHeader.refusal(header { $0[0] = 0 }) != nil)
        #expect(ImageHeader.refusal(header { $0[7] = 4 }) != nil)
        #expect(ImageHeader.refusal(Array(header().prefix(75))) != nil)
        #expect(ImageHeader.refusal([]) != nil)
    }
}
