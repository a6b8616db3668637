/// What the cleaner asks of a table.
extension PageTable {
    /// Whether the page is stored in the record at this offset.
    func points(page: UInt64, to offset: UInt64) -> Bool {
        guard page < pages else { return false }
        return locks.withLock(of: page) {
            guard !isGone else { return false }
            let entry = map[page]
            return entry.hasRecord && entry.value == offset
        }
    }

    /// Points the page to a copy of its record, unless it was written or dropped meanwhile.
    func repoint(page: UInt64, from old: UInt64, to new: UInt64) -> Bool {
        locks.withLock(of: page) {
            guard !isGone else { return false }
            var entry = map[page]
            guard entry.hasRecord, entry.value == old else { return false }
            entry.value = new
            map[page] = entry
            return true
        }
    }
}
