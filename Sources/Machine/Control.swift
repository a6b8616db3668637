import SystemPackage

/// A file of the laboratory: it looks at the simulated kernel, or turns one of its knobs.
struct Control: Sendable {
    /// The text of the file.
    typealias Show = @Sendable (Machine) throws(Errno) -> String
    /// Takes what was written, without the newline at its end.
    typealias Store = @Sendable (Machine, String) async throws(Errno) -> Void

    /// Where it is, from the root of the tree.
    let path: String
    /// Its permission bits.
    let mode: UInt16
    /// True if explored machines have it too; they are made by the thousand and show only what scenarios use.
    let isExplored: Bool
    let show: Show?
    let store: Store?

    /// Mode 0600, 0400 or 0200, as the methods say, unless told otherwise.
    init(_ path: String, mode: UInt16? = nil, isExplored: Bool = false, show: Show? = nil, store: Store? = nil) {
        self.path = path
        self.mode = mode ?? (show == nil ? 0 : 0o400) | (store == nil ? 0 : 0o200)
        self.isExplored = isExplored
        self.show = show
        self.store = store
    }
}
