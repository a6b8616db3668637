import SystemPackage

/// Reading of the backing device, which may take for ever: without a lock, so that nobody waits but who wants the page.
/// A pinned block is written anew by nobody, whatever happens to its page meanwhile.
extension PageTable {
    /// Keeps a page where it is until it was read; under the page lock.
    /// - Throws: `EIO` if its record is damaged.
    func pin(_ page: UInt64, _ entry: PageEntry, at position: Int, _ workspace: Workspace) throws(Errno) {
        guard let place = place(page, entry), let backing, place.block < backing.blocks else {
            log.damaged(disk, page, entry.value)
            throw .ioError
        }
        backing.pin(place.block)
        workspace.pins.append(Workspace.Pin(page: page, entry: entry, place: place, position: position))
    }

    /// Reads the pinned pages; with no lock held.
    /// - Throws: `EIO` if that is not what was written there, or cannot be read; of a volatile image the host's error.
    func fetchBacked(_ workspace: Workspace) throws(Errno) {
        guard !workspace.pins.isEmpty, let backing else { return }
        for pin in workspace.pins {
            let target = workspace.fetched + pin.position
            if pin.entry.hasRecord {
                guard isBacked(pin.place, target) else {
                    log.damaged(disk, pin.page, pin.entry.value)
                    throw .ioError
                }
            } else {
                try backing.read(pin.place.block, into: target)
            }
        }
    }

    /// Lets the pinned pages go.
    func unpin(_ workspace: Workspace) {
        guard !workspace.pins.isEmpty else { return }
        for pin in workspace.pins { backing?.unpin(pin.place.block) }
        workspace.pins.removeAll(keepingCapacity: true)
    }

    /// Runs the body under the page lock, with the page's content in `workspace.page`.
    func withContent(
        of page: UInt64, _ workspace: Workspace, _ body: () throws(Errno) -> Bool
    ) throws(Errno) -> Bool {
        let run = page..<(page + 1)
        defer { unpin(workspace) }
        while true {
            let result = try locks.withLock(of: page) { () throws(Errno) -> Bool? in
                guard !isGone else { throw .ioError }
                if workspace.pins.isEmpty || !isStill(workspace.pins[0]) {
                    unpin(workspace)
                    try fetch(run, workspace)
                    if !workspace.pins.isEmpty { return nil }
                }
                try decode(run, into: workspace.page, workspace)
                return try body()
            }
            if let result { return result }
            try fetchBacked(workspace)
        }
    }

    /// Whether the page was not written since it was pinned: no other can have come to its block.
    private func isStill(_ pin: Workspace.Pin) -> Bool {
        let entry = map[pin.page]
        return entry.isWrittenBack && place(pin.page, entry)?.block == pin.place.block
    }

    private func place(_ page: UInt64, _ entry: PageEntry) -> BackedPage? {
        entry.hasRecord ? backed(page, entry) : BackedPage(block: entry.value, sum: 0)
    }
}
