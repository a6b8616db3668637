import SystemPackage

/// What an image that is kept does beyond a volatile one.
extension SegmentLog {
    /// Emptied segments that are worth a wait for the host's disk.
    private static let worthwhile = 16

    /// Waits until all records whose writes have ended are on the host's disk, and notes how far that is.
    /// - Throws: the error of the host; `EIO` ever after, for the host forgets what it could not write.
    func synchronize() throws(Errno) {
        guard let marks else { return }
        try marks.advance { state.withLock { $0.completed } }
    }

    /// Punches emptied segments, once what replaced their records is on the host's disk: that was written before they
    /// were emptied. On an error of the host they are kept.
    func punchReplaced(evenFew: Bool) {
        let emptied = state.withLock { state in
            let isWorthwhile = state.emptied.count >= Self.worthwhile || state.limit - state.allocated <= 2
            return evenFew || isWorthwhile ? state.takeEmptied() : []
        }
        guard !emptied.isEmpty else { return }
        do {
            try synchronize()
            punch(emptied)
        } catch {
            state.withLock { $0.emptied += emptied }
        }
    }

    /// A record is not what was written.
    func damaged(_ disk: String, _ page: UInt64, _ offset: UInt64) {
        onDamage.withLock { $0 }?(disk, page, offset)
    }
}
