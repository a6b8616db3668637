import KernelCore
import Kernfs

/// What a mount shows: one simulated kernel with its tree.
///
/// Everything about it is touched in the mount's isolation only.
public protocol MountedSystem: AnyObject {
    /// The kernel that runs the methods of the attributes.
    var kernel: Kernel { get }
    /// The tree that is shown.
    var root: KernfsRoot { get }
}
