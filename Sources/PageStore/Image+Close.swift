import Synchronization
import SystemPackage

extension Image {
    /// The tables that nobody has freed: so far, or, once the image is closed, ever.
    public var leaked: [TableInfo] {
        state.withLock { state in
            if state.isClosed { return state.leaked }
            return liveTables.map(\.info)
        }
    }

    private var liveTables: [PageTable] {
        log.tables.withLock { $0.values.sorted { $0.id < $1.id } }
    }

    /// Ends the use of the image and lets its lock go; tables that are still there become useless (`EIO`).
    ///
    /// A second call does nothing.
    /// - Parameter clean: whether to write that the image was closed properly, with the tables that were never freed
    ///   listed as leaked; without it the file looks as if the process had been killed.
    public func close(clean: Bool) {
        state.withLock { state in
            guard !state.isClosed else { return }
            let tables = liveTables
            shut()
            // With it a kept image can be used again on a host that has no room by then.
            if !log.keeps { log.dropReserve() }
            if clean { log.writeOpen() }
            state.leaked = tables.map(\.info)
            if log.keeps {
                let kept = tables.filter { $0.condition.atEnd == .kept }
                state.superblock.digest = kept.reduce(0) { $0 &+ $1.digest.load(ordering: .acquiring) }
            }
            state.isClosed = true
            if clean { finish(&state, tables.map { ($0.info, $0.condition.atEnd) }) }
            kept.withLock { $0 = [:] }
            file.unlock()
        }
    }

    /// Writes that the image was closed properly. If the host cannot take the last block, the image says that it was
    /// not: true enough.
    private func finish(_ state: inout State, _ tables: [(info: TableInfo, condition: TableDirectory.Condition)]) {
        // What the superblock says must not be on the disk before what it is about.
        if log.keeps, !settle() { return }
        directory.close(tables)
        state.superblock.state = .clean
        try? state.superblock.write(to: file)
        if log.keeps { try? file.synchronize() }
        if state.leaked.isEmpty, !log.keeps { try? file.truncate(to: UInt64(LogState.segmentSize)) }
    }

    /// Gives the open segments summaries, so that the next user need not read any records.
    private func settle() -> Bool {
        log.state.withLock { $0.sealHeads() }
        log.summarize()
        // The first wait makes the summaries credible, the second brings the mark that says so to the host's disk.
        return (try? log.synchronize()) != nil && (try? log.synchronize()) != nil
    }

    /// Waits for everything that is under way, and keeps everything else out.
    func shut() {
        log.keeper?.stop()
        log.cleaner.withLock { _ in
            for table in liveTables { table.detach(releasing: false) }
        }
        // The tables know the log, and the log them.
        log.tables.withLock { $0.removeAll() }
    }
}
