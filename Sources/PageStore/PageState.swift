/// What `block_state` says of a page.
public struct PageState: Sendable, Equatable {
    /// The page.
    public var page: UInt64
    /// When it was accessed last, in ticks of 10 ms since the host booted; 0 if that is not tracked.
    public var ticks: UInt32
    /// One repeated word.
    public var isSame: Bool
    /// On the backing device.
    public var isWrittenBack: Bool
    /// Stored raw.
    public var isHuge: Bool
    /// Not accessed since it was marked.
    public var isIdle: Bool
    /// Made by a compressor of a higher priority than the first.
    public var isRecompressed: Bool
    /// No compressor makes it smaller.
    public var isIncompressible: Bool
}
