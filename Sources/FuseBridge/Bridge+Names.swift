import CFuse3
import Glibc
import KernelCore
import Kernfs
import SystemPackage

extension Bridge {
    func lookup(_ request: consuming Request, _ parent: UInt64, _ name: String) {
        var entry = fuse_entry_param()
        let pid = request.pid
        isolation.run {
            let inode = inodes[parent]
            let directory = inode?.node
            directory?.refresh?(name)
            let listed =
                directory.flatMap { system.root.lookup(name, in: $0) }
                ?? inode?.place.flatMap { system.root.lookup(name, in: $0) }
            let found = listed?.standsFor ?? listed
            // A directory that is there decides nothing.
            if system.kernel.trace.isOn, found?.isDirectory != true {
                system.kernel.trace.recordLookup(system.kernel, name, pid: pid)
            }
            guard let node = found else { return }
            let place = listed?.standsFor == nil ? nil : listed
            entry.ino = inodes.lookedUp(node, place: place, isInView: inode?.isInView ?? false, by: pid)
            entry.attr = status(of: node)
            entry.attr_timeout = attributesHold(node)
        }
        guard entry.ino != 0 else { return request.fail(.noSuchFileOrDirectory) }
        if !request.entry(entry) { isolation.run { inodes.forget(entry.ino, 1) } }
    }

    func forget(_ request: consuming Request, _ id: UInt64, _ count: UInt64) {
        isolation.run { inodes.forget(id, count) }
        request.ignore()
    }

    func forget(_ request: consuming Request, _ forgets: UnsafeBufferPointer<fuse_forget_data>) {
        isolation.run { for one in forgets { inodes.forget(one.ino, one.nlookup) } }
        request.ignore()
    }

    func readLink(_ request: consuming Request, _ id: UInt64) {
        var target: String?
        isolation.run {
            if case .symlink(let path)? = inodes[id]?.node?.kind { target = path }
        }
        if let target { request.link(target) } else { request.fail(.noSuchFileOrDirectory) }
    }

    /// Fills a buffer with the entries behind `offset`. The offset of an entry is its inode number, moved up to make
    /// room for `.` and `..`: numbers grow in a directory, so that a listing goes on whatever was added or removed.
    func readDirectory(_ raw: fuse_req_t?, _ request: consuming Request, _ id: UInt64, _ size: Int, _ offset: UInt64) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var used = 0
        var isThere = false
        isolation.run {
            guard let inode = inodes[id], let directory = inode.node else { return }
            isThere = true
            directory.refresh?(nil)
            func add(_ name: String, _ node: KernfsNode, _ place: UInt64) -> Bool {
                if place <= offset { return true }
                var status = status(of: node)
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[used...])
                let bytes = rest.baseAddress?.assumingMemoryBound(to: CChar.self)
                let needed = fuse_add_direntry(raw, bytes, rest.count, name, &status, off_t(place))
                guard needed <= rest.count else { return false }
                used += needed
                return true
            }
            guard add(".", directory, 1), add("..", directory.parent ?? directory, 2) else { return }
            for child in directory.children + (inode.place?.children ?? []) where child.isActive {
                guard add(child.name, child, child.inode + 2) else { return }
            }
        }
        guard isThere else { return request.fail(.noSuchFileOrDirectory) }
        request.bytes(UnsafeRawBufferPointer(rebasing: buffer[..<used]))
    }
}
