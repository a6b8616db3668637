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
        backing.refresh = { [weak self, weak backing] _ in
            guard let self, let machine = owner, let backing else { return }
            refreshBacking(backing, machine)
        }
    }

    private func addHome(to directory: KernfsNode, _ root: KernfsRoot) throws(Errno) {
        let home = try root.makeDirectory(".zramfs", in: directory, mode: 0o755)
        for name in ["dev", "sys", "mnt"] { _ = try root.makeDirectory(name, in: home, mode: 0o755) }
        let bin = try root.makeDirectory("bin", in: home, mode: 0o755)
        for name in ViewTool.allCases { try root.makeLink(name.rawValue, in: bin, to: tools) }
    }

    /// Brings one name, or all, of a directory up to date.
    private func refresh(_ directory: KernfsNode, _ place: ViewPlace, _ name: String?, _ machine: Machine) {
        let root = machine.root
        let own = entries(of: place, machine)
        let host = host.directories[place.path]
        if let name {
            var kind = own[name]
            if kind == nil, let host, !place.hides(name, in: host), host.has(name) {
                kind = .symlink("\(place.host)/\(name)")
            }
            return root.setChild(name, in: directory, to: kind, mode: mode(of: kind))
        }
        var wanted = own
        for name in host?.names ?? [] where wanted[name] == nil && !place.hides(name, in: host!) {
            wanted[name] = .symlink("\(place.host)/\(name)")
        }
        for child in directory.children where wanted[child.name] == nil {
            root.setChild(child.name, in: directory, to: nil)
        }
        for (name, kind) in wanted.sorted(by: { $0.key < $1.key }) {
            root.setChild(name, in: directory, to: kind, mode: mode(of: kind))
        }
    }

    private func mode(of kind: KernfsNode.Kind?) -> UInt16 {
        if case .hostDevice = kind { 0o600 } else { 0o777 }
    }

    /// What is simulated in a directory.
    private func entries(of place: ViewPlace, _ machine: Machine) -> [String: KernfsNode.Kind] {
        var entries: [String: KernfsNode.Kind] = [:]
        switch place {
        case .block, .classBlock:
            let up = place == .block ? ".." : "../.."
            for name in devices(.block, machine) { entries[name] = .symlink("\(up)/devices/virtual/block/\(name)") }
        case .devBlock:
            let host = host.directories[place.path]
            for name in devices(.block, machine) {
                guard let number = number(of: name, machine) else { continue }
                let entry = "\(number.major):\(number.minor)"
                // A real disk of the host may have the number that ours would have in a kernel of its own.
                if let host, host.has(entry), !place.hides(entry, in: host), !isHosts(name, machine) { continue }
                entries[entry] = .symlink("../../devices/virtual/block/\(name)")
            }
        case .virtualBlock:
            for name in devices(.block, machine) { entries[name] = .symlink("\(ViewPlace.mount)/\(name)") }
        case .virtualMisc:
            for name in devices(.misc, machine) { entries[name] = .symlink("\(ViewPlace.mount)/\(name)") }
        case .dev:
            // What a program says to the log is to be found in ours.
            entries["kmsg"] = .symlink("\(ViewPlace.mount)/debug/kmsg")
            for (name, node) in nodes(in: "dev", machine) {
                guard case .device(let file) = node.kind else { continue }
                if let number = (file as? Gendisk)?.hostNumber {
                    entries[name] = .hostDevice(major: UInt32(number.major), minor: UInt32(number.minor))
                } else {
                    entries[name] = .symlink("\(ViewPlace.mount)/dev/\(name)")
                }
            }
        case .classes:
            if machine.root.find("/zram-control") != nil {
                entries["zram-control"] = .symlink("\(ViewPlace.mount)/zram-control")
            }
        case .module:
            for (name, _) in nodes(in: "module", machine) {
                entries[name] = .symlink("\(ViewPlace.mount)/module/\(name)")
            }
        case .cpu:
            for (name, _) in nodes(in: "cpu", machine) { entries[name] = .symlink("\(ViewPlace.mount)/cpu/\(name)") }
        }
        return entries
    }

    /// Files that loop devices stand on: opening one does not count as opening the disk.
    private func refreshBacking(_ directory: KernfsNode, _ machine: Machine) {
        let devices = nodes(in: "dev", machine)
        for child in directory.children where devices[child.name] == nil {
            machine.root.setChild(child.name, in: directory, to: nil)
        }
        for (name, node) in devices {
            guard case .device(let file) = node.kind, let disk = file as? Gendisk else { continue }
            machine.root.setChild(name, in: directory, to: .device(disk.backing), mode: 0o600)
        }
    }

    private func nodes(in directory: String, _ machine: Machine) -> [String: KernfsNode] {
        var nodes: [String: KernfsNode] = [:]
        for child in machine.root.node.child(directory)?.children ?? [] where child.isActive {
            nodes[child.name] = child
        }
        return nodes
    }

    /// The devices that have a directory: also those that an earlier module left behind.
    private func devices(_ kind: DeviceKind, _ machine: Machine) -> [String] {
        let devices = machine.core.devices
        return machine.root.node.children.filter { $0.isActive && devices[$0.name] == kind }.map(\.name)
    }

    private func disk(_ name: String, _ machine: Machine) -> Gendisk? {
        guard case .device(let file)? = nodes(in: "dev", machine)[name]?.kind else { return nil }
        return file as? Gendisk
    }

    private func number(of name: String, _ machine: Machine) -> (major: Int, minor: Int)? {
        disk(name, machine).map { $0.hostNumber ?? $0.number }
    }

    /// True if a block device of the host stands for the disk, and lends it its number.
    private func isHosts(_ name: String, _ machine: Machine) -> Bool { disk(name, machine)?.hostNumber != nil }
}
