import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// Random operations on an image that is kept, and what was promised at each moment.
final class KeepModel {
    /// A page's content, by the number of changes that had been asked of the host when its write began.
    struct Version {
        var start: Int
        var hash: Int
    }

    /// One life of a disk.
    final class Life {
        let disk: String
        let pages: Int
        var versions: [[Version]]
        /// Memory limits, in bytes, and when each began to be set.
        var limits: [(start: Int, bytes: UInt64)]
        /// Changes when it was there for certain, when its end began, and when that was over.
        var made = 0
        var ending = Int.max
        var gone = Int.max
        var table: PageTable?

        init(_ disk: String, pages: Int, at start: Int) {
            self.disk = disk
            self.pages = pages
            versions = Array(repeating: [Version(start: start, hash: KeepModel.zero)], count: pages)
            limits = [(start, 0)]
        }
    }

    /// After so many changes, of each life the versions that can no longer be lost.
    struct Promise {
        var at: Int
        var versions: [[Int]]
        var limits: [Int]
    }

    static let zero = [UInt8](repeating: 0, count: 4096).hashValue
    static let capacity: UInt64 = 10 << 20

    let path: String
    let recorder = CrashRecorder()
    var lives: [Life] = []
    var promises: [Promise] = [Promise(at: 0, versions: [], limits: [])]
    /// The file when the recorder began.
    let start: CrashRecorder.Disk
    private var image: Image
    private var random: Seeded

    init(_ path: String, seed: UInt64) throws {
        self.path = path
        random = Seeded(seed)
        image = try Image.keeping(path, capacity: Self.capacity)
        image.close(clean: true)
        start = CrashRecorder.Disk(bytes: try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        try restart()
    }

    private var now: Int { recorder.changes.count }

    /// Ends the image's use properly, and takes it up again.
    private func restart() throws {
        for life in lives where life.table != nil { image.giveBack(life.table!) }
        image.close(clean: true)
        promise()
        let claimed = try ImageFile.claim(path)
        recorder.watch(claimed.0)
        image = try Image.keeping(path, claimed, Self.capacity)
        for life in lives where life.gone == .max { life.table = image.takeKept(disk: life.disk) }
    }

    func end() throws {
        try restart()
        image.close(clean: false)
        for life in lives { life.table = nil }
    }

    func step() throws {
        let living = lives.filter { $0.table != nil }
        guard let life = living.randomElement(using: &random), let table = life.table else { return try make() }
        let page = Int.random(in: 0..<life.pages, using: &random)
        let count = min(Int.random(in: 1...8, using: &random), life.pages - page)
        switch Int.random(in: 0..<400, using: &random) {
        case 0: if living.count < 3 { try make() }
        case 1: free(life)
        case 2: try restart()
        case 3: table.compact()
        case 4..<40:
            note(life, page..<(page + count), [UInt8](repeating: 0, count: count << 12))
            try table.discard(pages: UInt64(page)..<UInt64(page + count))
        case 40..<44:
            // Never one that keeps a page from being stored.
            let limit = UInt64.random(in: 1000...1 << 40, using: &random)
            life.limits.append((now, limit * 4096))
            try table.setLimit(pages: limit)
            promise(pagesToo: false)
        case 44..<70:
            try table.flush()
            promise()
        default:
            let data = content(count << 12, kind: Int(random.next() % 4), &random)
            note(life, page..<(page + count), data)
            try table.put(data, at: UInt64(page << 12))
        }
    }

    private func make() throws {
        let disk =
            "zram\(["0", "1", "2"].first { name in !lives.contains { $0.gone == .max && $0.disk == "zram" + name } }!)"
        let life = Life(disk, pages: 300, at: now)
        lives.append(life)
        life.table = try image.makeTable(
            disk: disk, pages: 300, algorithm: Algorithm.allCases.randomElement(using: &random)!)
        life.made = now
        promise()
    }

    private func free(_ life: Life) {
        life.ending = now
        life.table?.free()
        life.table = nil
        life.gone = now
        promise()
    }

    private func note(_ life: Life, _ pages: Range<Int>, _ data: [UInt8]) {
        for (index, page) in pages.enumerated() {
            let hash = Array(data[(index << 12)..<((index + 1) << 12)]).hashValue
            life.versions[page].append(Version(start: now, hash: hash))
        }
    }

    /// - Parameter pagesToo: whether everything was waited for, or only limits, which are safe once they are set.
    private func promise(pagesToo: Bool = true) {
        let versions =
            pagesToo ? lives.map { life in life.versions.map { $0.count - 1 } } : promises[promises.count - 1].versions
        promises.append(Promise(at: now, versions: versions, limits: lives.map { $0.limits.count - 1 }))
    }

    /// What is wrong with an image that was recovered after a crash behind `end` changes; empty if nothing is.
    func faults(of recovered: Image, after end: Int) throws -> [String] {
        var faults: [String] = []
        let promise = promises.last { $0.at <= end }!
        var claimed: Set<String> = []
        for (index, life) in lives.enumerated().reversed() where life.versions[0][0].start <= end {
            let isSure = life.made <= end && end <= life.ending
            let isGone = life.gone <= end
            if claimed.contains(life.disk) || isGone { continue }
            guard let table = recovered.takeKept(disk: life.disk) else {
                if isSure { faults.append("\(life.disk) is not there") }
                continue
            }
            claimed.insert(life.disk)
            // Of a life that was never promised, or that was ending, nothing is promised.
            let promised = index < promise.versions.count && isSure ? promise.versions[index] : nil
            let limits = life.limits[(index < promise.limits.count && isSure ? promise.limits[index] : 0)...]
            if !limits.contains(where: { $0.start <= end && $0.bytes == table.statistics.memLimit }) {
                faults.append("\(life.disk): a limit that it should not have")
            }
            for page in 0..<life.pages {
                let versions = life.versions[page][(promised?[page] ?? 0)...]
                let got = try? table.get(4096, at: UInt64(page << 12))
                guard let got else {
                    faults.append("\(life.disk) page \(page): cannot be read")
                    continue
                }
                let hash = got.hashValue
                if !versions.contains(where: { $0.start <= end && $0.hash == hash }) {
                    faults.append("\(life.disk) page \(page): a content that it should not have")
                }
            }
            recovered.giveBack(table)
        }
        for disk in recovered.keptDisks where !claimed.contains(disk.disk) {
            faults.append("\(disk.disk) is there, and should not")
        }
        return faults
    }
}
