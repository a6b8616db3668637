/// A hash table from fingerprints to small numbers, open addressing: fingerprints need no hashing.
struct FingerprintTable {
    private(set) var keys: [UInt64] = Array(repeating: 0, count: 256)
    var values: [Int32] = Array(repeating: 0, count: 256)
    private(set) var count = 0

    /// The value of a key, if it is there.
    @inline(__always)
    func find(_ key: UInt64) -> Int32? {
        let key = key == 0 ? 1 : key
        let mask = keys.count - 1
        var index = Int(truncatingIfNeeded: key >> 8) & mask
        while keys[index] != 0 {
            if keys[index] == key { return values[index] }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Where the key is, and whether it is new there.
    mutating func place(_ key: UInt64) -> (index: Int, isNew: Bool) {
        if count * 4 > keys.count * 3 { grow() }
        let key = key == 0 ? 1 : key
        let mask = keys.count - 1
        var index = Int(truncatingIfNeeded: key >> 8) & mask
        while keys[index] != 0 {
            if keys[index] == key { return (index, false) }
            index = (index + 1) & mask
        }
        keys[index] = key
        count += 1
        return (index, true)
    }

    /// Sets the value of a key.
    mutating func set(_ key: UInt64, _ value: Int32) { values[place(key).index] = value }

    private mutating func grow() {
        let old = (keys, values)
        keys = Array(repeating: 0, count: old.0.count * 2)
        values = Array(repeating: 0, count: keys.count)
        count = 0
        for index in old.0.indices where old.0[index] != 0 { values[place(old.0[index]).index] = old.1[index] }
    }
}
