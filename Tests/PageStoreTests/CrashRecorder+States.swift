@testable import PageStore

/// Crashes that are not left to chance.
extension CrashRecorder {
    /// The places of the waits for the disk.
    var waits: [Int] { changes.indices.filter { if case .synchronize = changes[$0] { true } else { false } } }

    /// The holes of one segment.
    func holes(of segment: Int) -> [Int] {
        let place = UInt64(segment * LogState.segmentSize)
        return changes.indices.filter {
            if case .punch(let offset, let count) = changes[$0] {
                offset <= place && place < offset + count
            } else {
                false
            }
        }
    }

    /// The disk when all changes before `end` that were waited for are there.
    func synchronized(before end: Int, on start: Disk = Disk()) -> (disk: Disk, count: Int) {
        var disk = start
        let count = waits.last { $0 < end }.map { $0 + 1 } ?? 0
        for change in changes[..<count] { disk.apply(change) }
        return (disk, count)
    }

    /// Disks that a crash behind the first `end` changes could leave behind: of those that were not waited for none is
    /// there, or all, or one of the first or last alone, or all but that.
    func crashes(at end: Int, on start: Disk = Disk()) -> [Disk] {
        let (base, first) = synchronized(before: end, on: start)
        let pending = first..<end
        var choices = [Set(pending), []]
        if pending.count > 1 {
            choices += (pending.prefix(3) + pending.suffix(2)).flatMap { [[$0], Set(pending).subtracting([$0])] }
        }
        return choices.map { chosen in
            var disk = base
            for index in chosen.sorted() { disk.apply(changes[index]) }
            return disk
        }
    }

    /// Disks with one hole that is torn at one of the places, in either direction; what is before it and was not waited
    /// for is there, or is not.
    func tornHoles(_ hole: Int, at places: [Int], on start: Disk = Disk()) -> [Disk] {
        crashes(at: hole, on: start).prefix(2).flatMap { disk in
            places.flatMap { place in
                var (head, tail) = (disk, disk)
                head.apply(changes[hole], to: place)
                tail.apply(changes[hole], from: place)
                return [head, tail]
            }
        }
    }
}
