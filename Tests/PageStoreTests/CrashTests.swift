import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// `-o keep` against every state that a crash can leave behind. ZRAMFS_CUTS says how many are tried for each seed.
@Suite("crashes of an image that is kept") struct CrashTests {
    static let cuts = ProcessInfo.processInfo.environment["ZRAMFS_CUTS"].flatMap(Int.init) ?? 60

    @Test("what a flush returned for is there, and nothing that never was", arguments: [UInt64(1), 2])
    func cuts(seed: UInt64) throws {
        let scratch = try Scratch()
        let model = try KeepModel(scratch.file(), seed: seed)
        for _ in 0..<2500 { try model.step() }
        try model.end()
        let changes = model.recorder.changes
        let waits = changes.indices.filter { if case .synchronize = changes[$0] { true } else { false } }
        var random = Seeded(seed &+ 100)
        var ends = (0..<Self.cuts).map { index in
            index % 2 == 0
                ? min(changes.count, waits.randomElement(using: &random)! + Int.random(in: 0...2, using: &random))
                : Int.random(in: 0...changes.count, using: &random)
        }
        ends.sort()
        var base = model.start
        var done = 0
        for end in ends {
            // All that was followed by a wait, whose return came before the end.
            let synchronized = (waits.last { $0 < end }).map { $0 + 1 } ?? 0
            while done < synchronized {
                base.apply(changes[done])
                done += 1
            }
            let disk = model.recorder.crash(at: end, base: base, synchronized: synchronized, &random)
            try disk.write(to: scratch.file("copy"))
            let faults = try check(scratch.file("copy"), model, end)
            #expect(faults == [], "seed \(seed), cut behind change \(end)")
            if !faults.isEmpty { return }
            guard try crashAgain(disk, scratch.file("copy"), &random) else {
                Issue.record("seed \(seed), cut behind change \(end), a second time")
                return
            }
        }
    }

    /// Recovers, writes, waits, writes again what nobody waits for, and crashes anywhere: false if a page that was waited
    /// for is not what it was.
    private func crashAgain(_ disk: CrashRecorder.Disk, _ path: String, _ random: inout Seeded) throws -> Bool {
        try disk.write(to: path)
        let recorder = CrashRecorder()
        let claimed = try ImageFile.claim(path)
        recorder.watch(claimed.0)
        let image = try Image.keeping(path, claimed, KeepModel.capacity)
        guard let name = image.keptDisks.randomElement(using: &random)?.disk, let table = image.takeKept(disk: name)
        else { return true }
        var expected: [Int: [UInt8]] = [:]
        func write(_ pages: ClosedRange<Int>) throws {
            for page in pages {
                let data = content(4096, kind: Int(random.next() % 4), &random)
                try table.put(data, at: UInt64(page << 12))
                if page < 100 { expected[page] = data }
            }
        }
        for _ in 0..<Int.random(in: 1...6, using: &random) { try write(0...99) }
        try table.flush()
        let waited = recorder.changes.count
        try write(100...Int.random(in: 100...299, using: &random))
        image.close(clean: false)
        let end = Int.random(in: waited...recorder.changes.count, using: &random)
        var base = disk
        let synchronized = recorder.changes[..<end].lastIndex { if case .synchronize = $0 { true } else { false } }! + 1
        for change in recorder.changes[..<synchronized] { base.apply(change) }
        try recorder.crash(at: end, base: base, synchronized: synchronized, &random).write(to: path)
        let again = try Image.keeping(path, capacity: KeepModel.capacity)
        defer { again.close(clean: false) }
        guard let found = again.takeKept(disk: name) else { return false }
        return expected.allSatisfy { page, data in (try? found.get(4096, at: UInt64(page << 12))) == data }
    }

    private func check(_ path: String, _ model: KeepModel, _ end: Int) throws -> [String] {
        let image = try Image.keeping(path, capacity: KeepModel.capacity)
        let faults = try model.faults(of: image, after: end)
        image.close(clean: true)
        guard faults.isEmpty else { return faults }
        // A second look, now through the summaries, sees the same.
        let again = try Image.keeping(path, capacity: KeepModel.capacity)
        defer { again.close(clean: true) }
        return try model.faults(of: again, after: end)
    }
}
