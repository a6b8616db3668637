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
        }
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
