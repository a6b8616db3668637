/// The workspaces that no request uses at the moment; there are as many as there ever were requests at one time.
final class WorkspacePool: Sendable {
    private let idle = Guarded<[Workspace]>([])

    /// Lends a workspace to the body.
    @inline(__always)
    func withWorkspace<Result, Failure: Error>(
        _ body: (Workspace) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let workspace = idle.withLock { $0.popLast() } ?? Workspace()
        defer { idle.withLock { $0.append(workspace) } }
        return try body(workspace)
    }
}
