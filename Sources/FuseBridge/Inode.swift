import Kernfs

/// A node id that the FUSE kernel knows; several may stand for one node.
///
/// The FUSE kernel lets one writer at a time into an inode, while the stores of an attribute run side by side, one for each
/// open file. So an attribute has one inode, which locks and watches of the host go by, and while somebody has that open
/// to write, each further writer gets one of his own.
final class Inode {
    /// What it stands for; nil after a reboot.
    var node: KernfsNode?
    /// Lookups that the kernel has not forgotten.
    var lookups: UInt64 = 0
    /// Open files of a device by this inode.
    var opens = 0
    /// What shows it at a place of the host's where it is not: `KernfsNode.standsFor`.
    let place: KernfsNode?
    /// It is below such a place.
    let isInView: Bool
    /// Open files that write to the attribute by it.
    var writers = 0
    /// The thread that was told to look the attribute up again, for somebody writes to it by this id.
    var sentAway: Int32 = 0
    /// The device's generation that the kernel's page cache is of.
    var generation: UInt64

    init(_ node: KernfsNode, place: KernfsNode? = nil, isInView: Bool = false) {
        self.node = node
        self.place = place
        self.isInView = isInView
        generation = node.device?.generation ?? 0
    }
}

extension KernfsNode {
    /// The device file that the node is, if it is one.
    var device: (any DeviceFile)? {
        if case .device(let device) = kind { device } else { nil }
    }

    /// The methods of the attribute that the node is, if it is one.
    var attribute: (any KernfsOps)? {
        if case .attribute(let ops) = kind { ops } else { nil }
    }

    /// How many directories are in the directory.
    var directories: Int {
        children.count { if case .directory = $0.kind { true } else { false } }
    }
}
