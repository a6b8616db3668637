import KernelCore

/// What a device has beside one compressor: the kernel's `comp_algs`, `comps` and `params` of higher priorities, its
/// `backing_dev`, and `pp_in_progress`.
struct ZramExtras: Fingerprinted {
    /// `ZRAM_MAX_COMPS`: priorities are 0 to 3, and 0 is the device's own compressor.
    static let maxCompressors = 4

    /// Names of secondary compressors, by priority.
    var names: [Int: String] = [:]
    /// Levels that were asked for, by priority.
    var levels: [Int: Int32] = [:]
    /// The secondary compressors in use.
    var comps: [Zcomp] = []
    /// Where pages are written back to, and the path that it was opened by.
    var backing: (device: any ZramBacking, path: String)?
    /// A recompression or a writeback runs.
    var isProcessing = false

    /// True if nothing was ever set.
    var isPlain: Bool { names.isEmpty && levels.isEmpty && comps.isEmpty && backing == nil }

    var fingerprint: UInt64 {
        var hash = mix(isProcessing.fingerprint, (backing != nil).fingerprint)
        for priority in 0..<Self.maxCompressors {
            hash = mix(hash, mix(names[priority].fingerprint, UInt64(truncatingIfNeeded: levels[priority] ?? .min)))
        }
        return comps.reduce(hash) { mix($0, $1.fingerprint) }
    }

    func forEachMemory(_ body: (UInt32) -> Void) { comps.forEachMemory(body) }
}
