import SystemPackage
import Testing

@testable import PageStore

/// Random operations on the store and on a plain array.
@Suite("against a model") struct ModelTests {
    /// One thread's part of a disk, and what should be in it.
    final class Model {
        private let table: PageTable
        private let base: UInt64
        private var bytes: [UInt8]
        private var random: Seeded

        init(_ table: PageTable, firstPage: UInt64, pages: Int, seed: UInt64) {
            self.table = table
            base = firstPage << 12
            bytes = [UInt8](repeating: 0, count: pages << 12)
            random = Seeded(seed)
        }

        /// One operation; false if the store disagrees.
        func step() throws -> Bool {
            let pages = bytes.count >> 12
            let page = Int.random(in: 0..<pages, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                let count = min(Int.random(in: 1...48, using: &random), pages - page) << 12
                try write(at: page << 12, count)
            case 6..<10:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                try write(at: start, min(Int.random(in: 1...20000, using: &random), bytes.count - start))
            case 10:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let count = min(Int.random(in: 1...20000, using: &random), bytes.count - start)
                let dropped = try table.zeroRange(byteOffset: base + UInt64(start), length: UInt64(count))
                for index in start..<(start + count) { bytes[index] = 0 }
                return dropped == max(0, (start + count) >> 12 - (start + 4095) >> 12)
            case 11:
                let end = min(page + Int.random(in: 1...40, using: &random), pages)
                let first = base >> 12
                try table.discard(pages: (first + UInt64(page))..<(first + UInt64(end)))
                for index in (page << 12)..<(end << 12) { bytes[index] = 0 }
            case 12:
                if Int.random(in: 0..<20, using: &random) == 0 { table.compact() } else { table.markIdle() }
            default:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let count = min(Int.random(in: 1...60000, using: &random), bytes.count - start)
                return try table.get(count, at: base + UInt64(start)) == Array(bytes[start..<(start + count)])
            }
            return true
        }

        private func write(at start: Int, _ count: Int) throws {
            let data = content(count, kind: Int(random.next() % 4), &random)
            try table.put(data, at: base + UInt64(start))
            bytes.replaceSubrange(start..<(start + count), with: data)
        }

        func isRight() throws -> Bool { try table.get(bytes.count, at: base) == bytes }
    }

    @Test("one thread", arguments: Algorithm.allCases, [true, false])
    func oneThread(algorithm: Algorithm, isBuffered: Bool) throws {
        let image = try Image(temporary: "/tmp", isBuffered: isBuffered)
        let table = try image.makeTable(disk: "zram0", pages: 500, algorithm: algorithm)
        let model = Model(table, firstPage: 3, pages: 490, seed: 11)
        for step in 0..<800 { #expect(try model.step(), "step \(step)") }
        #expect(try model.isRight())
        table.compact()
        #expect(try model.isRight())
    }

    @Test(
        "threads on neighbouring pages, several disks, a small image that must be cleaned",
        arguments: [(false, false), (true, false), (true, true)])
    func threads(isBuffered: Bool, hasKeeper: Bool) throws {
        let image = try Image(
            temporary: "/tmp", capacity: 24 << 20, isBuffered: isBuffered, hasKeeper: hasKeeper)
        let disks = try ["zram0", "zram1"].map {
            try image.makeTable(disk: $0, pages: 1024, algorithm: .lz4)
        }
        let failures = Guarded<[String]>([])
        // Parts of 250 pages: neighbours share a run, and so a lock.
        onThreads(6) { index in
            let model = Model(disks[index % 2], firstPage: UInt64(index / 2) * 250, pages: 250, seed: UInt64(index))
            do {
                for step in 0..<500 where try !model.step() {
                    failures.withLock { $0.append("thread \(index), step \(step)") }
                }
                if try !model.isRight() { failures.withLock { $0.append("thread \(index), at the end") } }
            } catch {
                failures.withLock { $0.append("thread \(index): \(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try image.file.size() <= 24 << 20)
        for disk in disks { disk.free() }
        #expect(image.leaked == [])
        #expect(image.log.state.withLock { $0.live } == 0)
    }

    private func sum(_ page: [UInt8]) -> UInt8 {
        var sum: UInt8 = 0
        for index in 0..<4095 { sum = sum &* 31 &+ page[index] }
        return sum
    }

    @Test("writers of one page: whole pages win, never a mixture") func onePage() throws {
        let image = try Image(temporary: "/tmp")
        let table = try image.makeTable(disk: "zram0", pages: 4, algorithm: .lz4)
        try table.put([UInt8](repeating: 9, count: 4096), at: 4096)
        let failures = Guarded(0)
        onThreads(4) { index in
            var random = Seeded(UInt64(index))
            for _ in 0..<200 {
                // The last byte is a checksum of the page.
                var bytes = content(4096, kind: 3, &random)
                bytes[4095] = sum(bytes)
                try? table.put(bytes, at: 4096)
                guard let got = try? table.get(4096, at: 4096), got[4095] == sum(got) else {
                    failures.withLock { $0 += 1 }
                    continue
                }
            }
        }
        #expect(failures.withLock { $0 } == 0)
    }
}
