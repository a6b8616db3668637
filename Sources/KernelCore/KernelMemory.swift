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
    /// The name of that module; empty for what the kernel itself allocated.
    public let moduleName: String
    /// Tells it apart from all others that anybody can still refer to.
    ///
    /// A number is used again once nobody can tell: not when the memory is freed, for there may be dangling pointers
    /// (`FreedMemory`). Thus a device that was set up and reset ten times is in the state of one that was set up once.
    public let id: UInt32
    private let kindID: UInt32
    /// What was declared in it.
    public let members: Members?

    /// Allocates; the kernel counts it as leaked until `free()`.
    ///
    /// - Parameter members: what was declared in it; nil for memory that is nothing but memory.
    public init(kernel: Kernel, kind: String, members: Members? = nil) {
        self.kernel = kernel
        self.members = members
        self.kind = kind
        moduleName = kernel.current.text.last?.name ?? ""
        allocator = kernel.mode == .live ? kernel.current.text.last : nil
        kindID = AccessLog.allocations | UInt32(truncatingIfNeeded: kind.fingerprint) & 0x1fff << 16
        let number = UInt32(kernel.numbers[kindID, default: ~0].trailingZeroBitCount)
        kernel.numbers[kindID, default: ~0] &= ~(1 << UInt64(number))
        // Beyond 64 of a kind each gets a number of its own.
        if number == 64 { kernel.nextObject += 1 }
        id = kindID | (number < 64 ? number : 64 + kernel.nextObject & 0x7fff)
        kernel.memory[ObjectIdentifier(self)] = self
        // From here on the task knows it.
        kernel.current.observe(UInt64(id))
        kernel.know(id)
        kernel.accesses.write(kindID | 0xffff)
        change(by: mix(11, UInt64(id)))
        members?.belong(to: self)
        Members.check(self, are: members)
    }

    deinit { if isFreed { kernel.gone(id) } }

    private func change(by difference: UInt64) {
        kernel.sharedFingerprint &+= difference
        kernel.accesses.change(kindID | 0xffff, by: difference)
        kernel.accesses.change(id, by: difference)
    }

    /// True if it outlived the module that allocated it.
    public final var isLeaked: Bool { !isFreed && allocator?.isFreed == true }

    /// The allocation's identity within the kernel.
    public final var fingerprint: UInt64 { UInt64(id) }

    /// It is itself.
    public final func forEachMemory(_ body: (UInt32) -> Void) { body(id) }

    /// Frees it, as `kfree` or `vfree`. Freeing twice is reported as the slab allocator would.
    open func free() {
        if kernel.isHalting { return }
        guard !isFreed else { return kernel.fault("double free of \(kind)", in: self) }
        isFreed = true
        kernel.memory[ObjectIdentifier(self)] = nil
        let freed = FreedMemory(id: id, kindID: kindID)
        kernel.know(id)
        kernel.accesses.write(id)
        change(by: freed.mark &- mix(11, UInt64(id)))
        kernel.freed(freed)
        members?.free()
    }

    /// Says that the current task reads or writes it.
    public func touch() {
        kernel.accesses.read(id)
        kernel.know(id)
        if isFreed, !kernel.isHalting { kernel.fault(kind, in: self) }
    }
}
