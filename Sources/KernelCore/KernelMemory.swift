/// Memory that the simulated kernel allocates and frees: an access after the free is reported as a page fault.
open class KernelMemory: Fingerprinted {
    /// The kernel that it was allocated in.
    public let kernel: Kernel
    /// What it is, for reports, e.g. `struct zram`.
    public let kind: String
    /// True once it was freed.
    public private(set) var isFreed = false
    /// The module that allocated it; once that is gone, nobody can free it any more. Not kept while exploring.
    public let allocator: (any KernelText)?
    /// Number within the kernel, in order of allocation.
    public let id: UInt32

    /// Allocates; the kernel counts it as leaked until `free()`.
    public init(kernel: Kernel, kind: String) {
        self.kernel = kernel
        self.kind = kind
        allocator = kernel.mode == .live ? kernel.current.text.last : nil
        id = kernel.nextObject
        kernel.nextObject += 1
        kernel.memory[ObjectIdentifier(self)] = self
        kernel.sharedFingerprint ^= mix(kind.fingerprint, UInt64(id))
    }

    /// True if it outlived the module that allocated it.
    public final var isLeaked: Bool { !isFreed && allocator?.isFreed == true }

    /// The allocation's identity within the kernel.
    public final var fingerprint: UInt64 { UInt64(id) }

    /// Frees it, as `kfree` or `vfree`. Freeing twice is reported as the slab allocator would.
    open func free() {
        if kernel.isHalting { return }
        guard !isFreed else { return kernel.fault("double free of \(kind)", in: self) }
        isFreed = true
        kernel.memory[ObjectIdentifier(self)] = nil
        kernel.sharedFingerprint ^= mix(kind.fingerprint, UInt64(id))
        kernel.sharedFingerprint ^= mix(mix(kind.fingerprint, 7), UInt64(id))
    }

    /// Says that the current task reads or writes it.
    public func touch() {
        if isFreed, !kernel.isHalting { kernel.fault(kind, in: self) }
    }
}
