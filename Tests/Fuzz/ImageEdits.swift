import CPageStoreShims

/// A valid image, and changes to it that a fuzzer's bytes describe.
///
/// Almost everything in an image has a checksum, which random changes would stop at. So a change may be followed by a
/// right checksum, and the code behind it gets to see the nonsense.
struct ImageEdits {
    private let whole: [UInt8]
    private let salt: UInt32
    private let records: [Int]
    private let summaries: [Range<Int>]
    private static let segment = 1 << 20

    init(of image: [UInt8]) {
        whole = image
        salt = image.withUnsafeBytes { zramfs_checksum(0, $0.baseAddress! + 16, 16) }
        var records: [Int] = []
        var summaries: [Range<Int>] = []
        for at in stride(from: Self.segment, to: image.count - 32, by: 16) where image[at] == 0x5A {
            switch String(decoding: image[at..<(at + 4)], as: UTF8.self) {
            case "ZRP1": records.append(at)
            case "ZRS1":
                let count = image.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self)) }
                summaries.append((at - count * 24)..<(at + 32))
            default: break
            }
        }
        self.records = records
        self.summaries = summaries
    }

    /// The image after all changes that the bytes describe.
    func apply(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var image = whole
        var input = bytes[...]
        func take(_ count: Int) -> [UInt8] {
            defer { input = input.dropFirst(count) }
            return Array(input.prefix(count)) + Array(repeating: 0, count: max(0, count - input.count))
        }
        func number(_ count: Int) -> Int { take(count).reduce(0) { $0 << 8 | Int($1) } }
        for _ in 0..<16 where !input.isEmpty {
            let kind = number(1)
            switch kind % 8 {
            case 0: put(take(8), at: number(3) % image.count, &image)
            case 1:
                put(take(8), at: 12 + number(1) % 60, &image)
                seal(8, covering: 12..<4096, &image)
            case 2:
                let slot = 4096 + number(1) % 4 * 128
                put(take(8), at: slot + 8 + number(1) % 112, &image)
                seal(slot + 4, covering: (slot + 8)..<(slot + 128), &image)
            case 3 where !records.isEmpty:
                let record = records[number(2) % records.count]
                put(take(6), at: record + 8 + number(1) % 18, &image)
                sealRecord(record, &image)
            case 4 where !records.isEmpty:
                let record = records[number(2) % records.count]
                put(take(6), at: record + 32 + number(2) % 4096, &image)
                sealRecord(record, &image)
            case 5 where !summaries.isEmpty:
                let summary = summaries[number(1) % summaries.count]
                put(take(4), at: summary.lowerBound + number(2) % (summary.count - 4), &image)
                sealSummary(summary, &image)
            case 6:
                let mark = Self.segment - 1024 + number(1) % 2 * 512
                put(take(8), at: mark + 8 + number(1) % 80, &image)
                seal(mark + 4, covering: (mark + 8)..<(mark + 32), &image)
                // What it says of segments counts only with the number before it.
                if mark + 16 <= image.count { put(Array(image[(mark + 8)..<(mark + 16)]), at: mark + 40, &image) }
                seal(mark + 32, covering: (mark + 36)..<(mark + 304), &image)
            default:
                let length = number(3) % (whole.count + Self.segment)
                image = Array(image.prefix(length))
                image += Array(repeating: 0, count: max(0, 8192 - image.count))
            }
        }
        return image
    }

    private func put(_ bytes: [UInt8], at offset: Int, _ image: inout [UInt8]) {
        for (index, byte) in bytes.enumerated() where offset + index < image.count { image[offset + index] = byte }
    }

    private func seal(_ place: Int, covering range: Range<Int>, seed: UInt32 = 0, _ image: inout [UInt8]) {
        guard range.upperBound <= image.count else { return }
        let sum = image.withUnsafeBytes { zramfs_checksum(seed, $0.baseAddress! + range.lowerBound, range.count) }
        put(withUnsafeBytes(of: sum) { Array($0) }, at: place, &image)
    }

    private func sealRecord(_ record: Int, _ image: inout [UInt8]) {
        guard record + 32 <= image.count else { return }
        let length = Int(image[record + 12]) | Int(image[record + 13]) << 8
        seal(record + 28, covering: (record + 32)..<(record + 32 + length), seed: salt, &image)
        seal(record + 4, covering: (record + 8)..<(record + 32), seed: salt, &image)
    }

    private func sealSummary(_ summary: Range<Int>, _ image: inout [UInt8]) {
        guard summary.upperBound <= image.count else { return }
        let footer = summary.upperBound - 32
        let entries = image.withUnsafeBytes {
            zramfs_checksum(salt, $0.baseAddress! + summary.lowerBound, footer - summary.lowerBound)
        }
        seal(footer + 4, covering: (footer + 8)..<(footer + 32), seed: entries, &image)
    }
}
