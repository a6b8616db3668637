import Kernfs

/// What stands for the disks on the host, and has to be in step with them: loop devices.
///
/// Its blocking methods are called on a thread that serves no requests, one at a time; they may use the mount.
public protocol HostMirror: AnyObject, Sendable {
    /// True if who opened a disk on the host has to be known before the file is written; from any thread.
    func matters(to node: KernfsNode) -> Bool
    /// True if disks came, went or changed their size since `follow()`; from any thread.
    var isBehind: Bool { get }
    /// Opens the disks that somebody has open on the host in the simulated kernel too, and closes the others; blocks.
    func look()
    /// Brings the host's devices in step; blocks.
    func follow()
    /// Lets the host's devices go: the mount is about to end, and still answers; blocks.
    func end()
}
