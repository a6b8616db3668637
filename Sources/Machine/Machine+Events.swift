import KernelCore

extension Machine {
    /// Counts an event and tells who listens.
    func report(_ event: KernelEvent) {
        counts.count(event)
        onEvent?(event)
    }
}
