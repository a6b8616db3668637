/// A number that changes with any page's place in the image: after a proper end the next user knows whether all that
/// was there still is, whole segments that are holes or old again included.
struct RecordDigest {
    private(set) var sum: UInt64 = 0
    /// Pages that hold something.
    private(set) var pages: UInt64 = 0

    /// Of a table that nobody writes to.
    init(of table: PageTable) {
        let map = table.map
        map.forEachRun(in: 0..<table.pages) { run in
            guard map.isTouched(run.lowerBound) else { return }
            for page in run {
                let entry = map[page]
                guard entry.hasRecord else { continue }
                if !entry.isEmpty { pages += 1 }
                let place = Self.mix(UInt64(table.id) << 40 ^ page) ^ entry.value
                sum &+= Self.mix(Self.mix(place) &+ UInt64(entry.length))
            }
        }
    }

    /// Every bit of the result depends on each of the number: the finaliser of splitmix64.
    private static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
