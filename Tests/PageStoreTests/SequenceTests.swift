import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// Every sequence of three operations on a disk of three pages, and every kind of crash behind it. With ZRAMFS_SEQUENCES all
/// of them, and crashes behind every change of the file; without, one sequence in 61, cut off behind the last.
@Suite("all sequences of three operations") struct SequenceTests {
    enum Operation: Hashable {
        /// An overwrite, if the page was written before.
        case write(Int)
        case discard(Int)
        case flush, reset, disksize
        /// With nothing of what was not waited for, or with all of it.
        case crash(keeps: Bool)

        static let all: [Operation] =
            (0..<3).map { .write($0) } + (0..<3).map { .discard($0) }
            + [.flush, .reset, .disksize, .crash(keeps: false), .crash(keeps: true)]
    }

    /// What may be on the disk after a crash.
    struct Model {
        /// Of each page the contents since the last wait, the one that was waited for first; nil: there is no disk.
        var pages: [[UInt8]]?

        /// A page is one byte, repeated, with its number in front.
        mutating func set(_ page: Int, _ byte: UInt8) { pages?[page].append(byte) }
        mutating func settle() { pages = pages?.map { [$0.last!] } }
    }

    private let isLong = ProcessInfo.processInfo.environment["ZRAMFS_SEQUENCES"] != nil

    private func content(_ byte: UInt8) -> [UInt8] { Self.contents[Int(byte)] }

    /// Zero is a page that holds nothing; one in three is of one word, the others are not.
    private static let contents: [[UInt8]] = (0..<16).map { (byte: UInt8) in
        var bytes = [UInt8](repeating: byte, count: 4096)
        if byte % 3 != 0 {
            for index in 0..<2000 { bytes[index] = byte &* UInt8(truncatingIfNeeded: index * index + index / 251) }
        }
        return bytes
    }

    /// One image through a sequence.
    private final class Life {
        let path: String
        private(set) var recorder = CrashRecorder()
        private(set) var start = CrashRecorder.Disk()
        private var image: Image?
        private var table: PageTable?
        var model = Model()
        private var next: UInt8 = 1

        init(_ path: String) throws {
            self.path = path
            try open()
        }

        deinit { image?.close(clean: false) }

        func open() throws {
            recorder = CrashRecorder()
            start = CrashRecorder.Disk(bytes: [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()))
            let claimed = try ImageFile.claim(path)
            recorder.watch(claimed.0)
            let image = try Image.keeping(path, claimed)
            self.image = image
            table = image.takeKept(disk: "zram0")
        }

        func run(_ operation: Operation, _ tests: SequenceTests) throws {
            switch operation {
            case .write(let page):
                guard let table else { return }
                model.set(page, next)
                try table.put(tests.content(next), at: UInt64(page) << 12)
                next += 1
            case .discard(let page):
                guard let table else { return }
                model.set(page, 0)
                try table.discard(page: UInt64(page))
            case .flush:
                try table?.flush()
                if table != nil { model.settle() }
            case .reset:
                table?.free()
                table = nil
                model.pages = nil
            case .disksize:
                guard table == nil else { return }
                table = try image?.makeTable(disk: "zram0", pages: 3, algorithm: .lz4)
                model.pages = [[0], [0], [0]]
            case .crash(let keeps):
                let end = recorder.changes.count
                image?.close(clean: false)
                let disk = recorder.crashes(at: end, on: start)[keeps ? 0 : 1]
                try disk.write(to: path)
                try open()
                // What it is now is what everything goes on from; that it may be so is checked where a sequence ends.
                model.pages = try table.map { table in
                    try (0..<3).map { page in
                        let got = try table.get(4096, at: UInt64(page) << 12)
                        return [try #require(model.pages?[page].first { tests.content($0) == got })]
                    }
                }
            }
        }
    }

    /// What is wrong with a disk after a crash: it must be there if it is in all models, and each page as one says.
    private func fault(_ path: String, _ models: [Model]) throws -> String? {
        let image = try Image.keeping(path)
        defer { image.close(clean: false) }
        guard let table = image.takeKept(disk: "zram0") else {
            return models.contains { $0.pages == nil } ? nil : "no disk"
        }
        let known = models.compactMap(\.pages)
        if known.isEmpty { return "a disk" }
        for page in 0..<3 {
            guard let got = try? table.get(4096, at: UInt64(page) << 12) else { return "page \(page) is EIO" }
            if !known.contains(where: { $0[page].contains { content($0) == got } }) { return "page \(page) is wrong" }
        }
        return nil
    }

    @Test("leave what was waited for, and nothing that never was") func all() throws {
        let scratch = try Scratch()
        let prepared = try Life(scratch.file())
        for operation in [
            Operation.disksize, .write(0), .write(1), .write(2), .discard(2), .flush, .write(2), .write(1),
        ] {
            try prepared.run(operation, self)
        }
        let (begin, model) = (
            prepared.recorder.crashes(at: prepared.recorder.changes.count, on: prepared.start)[0], prepared.model
        )
        let all = Operation.all
        var tried = 0
        for number in stride(from: 0, to: all.count * all.count * all.count, by: isLong ? 1 : 61) {
            let sequence = [
                all[number / all.count / all.count], all[number / all.count % all.count], all[number % all.count],
            ]
            try begin.write(to: scratch.file("copy"))
            let life = try Life(scratch.file("copy"))
            life.model = model
            var ends: [(change: Int, models: [Model])] = []
            for operation in sequence {
                let before = (life.recorder.changes.count, life.model)
                try life.run(operation, self)
                if case .crash = operation {
                    ends = []
                } else if isLong, life.recorder.changes.count > before.0 {
                    // In the middle of an operation what was and what will be are both right.
                    ends += (before.0..<life.recorder.changes.count).map { ($0, [before.1, life.model]) }
                }
            }
            ends.append((life.recorder.changes.count, [life.model]))
            for end in ends {
                for disk in life.recorder.crashes(at: end.change, on: life.start) {
                    try disk.write(to: scratch.file("directory"))
                    tried += 1
                    if let fault = try fault(scratch.file("directory"), end.models) {
                        Issue.record("\(sequence), cut behind change \(end.change): \(fault)")
                        return
                    }
                }
            }
        }
        #expect(tried > 22)
    }
}
