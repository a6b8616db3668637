import DriverModel
import KernelCore
import Kernfs
import SystemPackage

/// `MNT/view`: the directories that `zramfs run` mounts over those of the host, with what is simulated among the
/// host's own entries.
///
/// A directory is brought up to date by whoever looks into it, in the mount's isolation: a device that hot_add has
/// made is there when hot_add returns, with nobody watching.
final class View {
    /// Weak, for a directory of the view may be looked into by somebody who kept it.
    private weak var owner: Machine?
    private let host = HostView.shared
    private let tools: String

    /// Adds the view to a live machine's tree.
    ///
    /// - Parameter tools: the program that stands in for modprobe and the like.
    init(_ machine: Machine, tools: String) throws(Errno) {
        owner = machine
        self.tools = tools
        let root = machine.root
        let view = try root.makeDirectory("view", in: root.node, mode: 0o555)
        for place in ViewPlace.allCases {
            let directory = try root.makeDirectory(place.rawValue, in: view, mode: 0o755)
            directory.refresh = { [weak self, weak directory] name in
                guard let self, let machine = owner, let directory else { return }
                refresh(directory, place, name, machine)
            }
            if place == .classes {
                _ = try root.makeDirectory("block", in: directory, mode: 0o755)
            }
            if place == .dev { try addHome(to: directory, root) }
        }
        let backing = try root.makeDirectory("backing", in: view, mode: 0o700)
        backing.refresh = { [weak self, weak backing] name in
            guard let self, let machine = owner, let backing else { return }
            refreshBacking(backing, name, machine)
        }
    }

    private func addHome(to directory: KernfsNode, _ root: KernfsRoot) throws(Errno) {
        let home = try root.makeDirectory(".zramfs", in: directory, mode: 0o755)
        for name in ["dev", "sys", "mnt"] { _ = try root.makeDirectory(name, in: home, mode: 0o755) }
        let bin = try root.makeDirectory("bin", in: home, mode: 0o755)
        for name in ViewTool.allCases { try root.makeLink(name.rawValue, in: bin, to: tools) }
    }

    /// What is under a name of a directory.
    private enum Entry {
        case kind(KernfsNode.Kind)
        /// A directory: one of the tree, or an empty one that `zramfs run` mounts the host's over.
        case place(KernfsNode?)
    }

    /// Brings one name, or all, of a directory up to date.
    private func refresh(_ directory: KernfsNode, _ place: ViewPlace, _ name: String?, _ machine: Machine) {
        if let name { return set(name, in: directory, place, machine) }
        let host = host.directories[place.path]
        let wanted = Set(names(in: place, machine) + (host?.names ?? []))
        for child in directory.children where !wanted.contains(child.name) && !isFixed(child.name, place) {
            machine.root.removeChild(child.name, from: directory)
        }
        for name in wanted.sorted() { set(name, in: directory, place, machine) }
    }

    /// Made once, for others to be mounted at.
    private func isFixed(_ name: String, _ place: ViewPlace) -> Bool {
        place == .classes && name == "block" || place == .dev && "/dev/\(name)" == ViewPlace.home
    }

    private func set(_ name: String, in directory: KernfsNode, _ place: ViewPlace, _ machine: Machine) {
        guard !isFixed(name, place) else { return }
        let root = machine.root
        switch own(name, place, machine) ?? hosts(name, place) {
        case .kind(let kind):
            if directory.child(name)?.isDirectory == true { root.removeChild(name, from: directory) }
            root.setChild(name, in: directory, to: kind, mode: mode(of: kind))
        case .place(let node):
            let stand = root.setPlace(name, in: directory, for: node)
            guard node != nil, let stand, let subsystem = place.subsystem, stand.children.isEmpty else { return }
            root.setChild("subsystem", in: stand, to: .symlink("../../../../class/\(subsystem)"))
        case nil: root.removeChild(name, from: directory)
        }
    }

    private func mode(of kind: KernfsNode.Kind?) -> UInt16 {
        if case .hostDevice = kind { 0o600 } else { 0o777 }
    }

    /// What the host has, but for what is simulated. A link stays as it is, so that it leads to a place in `/sys`.
    private func hosts(_ name: String, _ place: ViewPlace) -> Entry? {
        guard let host = host.directories[place.path], !place.hides(name, in: host), host.has(name) else { return nil }
        if place.keepsLinks, let link = host.link(name) { return .kind(.symlink(link)) }
        return host.folders.contains(name) ? .place(nil) : .kind(.symlink("\(place.host)/\(name)"))
    }

    /// The names of what is simulated in a directory.
    private func names(in place: ViewPlace, _ machine: Machine) -> [String] {
        switch place {
        case .block, .classBlock, .virtualBlock: devices(.block, machine)
        case .devBlock:
            devices(.block, machine).compactMap { number(of: $0, machine) }.map { "\($0.major):\($0.minor)" }
        case .virtualMisc: devices(.misc, machine)
        case .dev: ["kmsg"] + nodes(in: "dev", machine).keys
        case .classes: ["zram-control"]
        case .module: Array(nodes(in: "module", machine).keys)
        case .cpu: Array(nodes(in: "cpu", machine).keys)
        }
    }

    /// What is simulated under a name.
    private func own(_ name: String, _ place: ViewPlace, _ machine: Machine) -> Entry? {
        switch place {
        case .block, .classBlock:
            let up = place == .block ? ".." : "../.."
            return device(name, .block, machine).map { _ in .kind(.symlink("\(up)/devices/virtual/block/\(name)")) }
        case .devBlock: return numbered(name, machine).map { .kind(.symlink("../../devices/virtual/block/\($0)")) }
        case .virtualBlock: return device(name, .block, machine).map { .place($0) }
        case .virtualMisc: return device(name, .misc, machine).map { .place($0) }
        case .dev: return file(name, machine).map { .kind($0) }
        case .classes: return name == "zram-control" ? machine.root.find("/zram-control").map { .place($0) } : nil
        case .module: return entry(of: name, in: "module", machine)
        case .cpu: return entry(of: name, in: "cpu", machine)
        }
    }

    private func file(_ name: String, _ machine: Machine) -> KernfsNode.Kind? {
        // What a program says to the log is to be found in ours.
        if name == "kmsg" { return .symlink("\(ViewPlace.mount)/debug/kmsg") }
        guard case .device(let file)? = active(name, in: "dev", machine)?.kind else { return nil }
        if let number = (file as? Gendisk)?.hostNumber {
            return .hostDevice(major: UInt32(number.major), minor: UInt32(number.minor))
        }
        return .symlink("\(ViewPlace.mount)/dev/\(name)")
    }

    private func entry(of name: String, in directory: String, _ machine: Machine) -> Entry? {
        guard let node = active(name, in: directory, machine) else { return nil }
        return node.isDirectory ? .place(node) : .kind(.symlink("\(ViewPlace.mount)/\(directory)/\(name)"))
    }

    /// The disk of a device number such as `252:0`.
    private func numbered(_ entry: String, _ machine: Machine) -> String? {
        let host = host.directories[ViewPlace.devBlock.path]
        return devices(.block, machine).first { name in
            guard let number = number(of: name, machine), "\(number.major):\(number.minor)" == entry else {
                return false
            }
            // A real disk of the host may have the number that ours would have in a kernel of its own.
            guard let host, host.has(entry), !ViewPlace.devBlock.hides(entry, in: host) else { return true }
            return isHosts(name, machine)
        }
    }

    /// Files that loop devices stand on: opening one does not count as opening the disk.
    private func refreshBacking(_ directory: KernfsNode, _ name: String?, _ machine: Machine) {
        let names = name.map { [$0] } ?? directory.children.map(\.name) + nodes(in: "dev", machine).keys
        for name in names {
            let backing = disk(name, machine).map { KernfsNode.Kind.device($0.backing) }
            machine.root.setChild(name, in: directory, to: backing, mode: 0o600)
        }
    }

    private func active(_ name: String, in directory: String, _ machine: Machine) -> KernfsNode? {
        machine.root.node.child(directory)?.child(name).flatMap { $0.isActive ? $0 : nil }
    }

    private func nodes(in directory: String, _ machine: Machine) -> [String: KernfsNode] {
        var nodes: [String: KernfsNode] = [:]
        for child in machine.root.node.child(directory)?.children ?? [] where child.isActive {
            nodes[child.name] = child
        }
        return nodes
    }

    /// A device's directory: also one that an earlier module left behind.
    private func device(_ name: String, _ kind: DeviceKind, _ machine: Machine) -> KernfsNode? {
        guard machine.core.devices[name] == kind, let node = machine.root.node.child(name), node.isActive else {
            return nil
        }
        return node
    }

    private func devices(_ kind: DeviceKind, _ machine: Machine) -> [String] {
        let devices = machine.core.devices
        return machine.root.node.children.filter { $0.isActive && devices[$0.name] == kind }.map(\.name)
    }

    private func disk(_ name: String, _ machine: Machine) -> Gendisk? {
        guard case .device(let file)? = active(name, in: "dev", machine)?.kind else { return nil }
        return file as? Gendisk
    }

    private func number(of name: String, _ machine: Machine) -> (major: Int, minor: Int)? {
        disk(name, machine).map { $0.hostNumber ?? $0.number }
    }

    /// True if a block device of the host stands for the disk, and lends it its number.
    private func isHosts(_ name: String, _ machine: Machine) -> Bool { disk(name, machine)?.hostNumber != nil }
}
