import FuseBridge
import Glibc
import KernelCore
import Kernfs
import SystemPackage
import Testing

@Suite("Names", .mounts, .serialized, .timeLimit(.minutes(1)))
struct NameTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    @Test("a listing names everything, with types and inodes")
    func listing() throws {
        let entries = list(mount.path)
        #expect(entries.map(\.name) == [".", "..", "dir", "dev", "link", "long", "boot"])
        #expect(entries.map(\.type) == [4, 4, 4, 4, 10, 8, 8])
        for entry in entries.dropFirst(2) {
            #expect(try status(mount[entry.name]).st_ino == entry.inode)
        }
        #expect(try status(mount.path).st_nlink == 4)
    }

    @Test("a listing of many entries comes in pieces and is whole")
    func long() {
        mount.isolation.run {
            let parent = mount.system.root.find("/dir")!
            for number in 0..<1000 {
                _ = try? mount.system.root.makeDirectory("entry-with-a-long-name-\(number)", in: parent)
            }
        }
        let names = list(mount["dir"]).map(\.name)
        #expect(names.count { $0.hasPrefix("entry") } == 1000 && Set(names).count == names.count)
    }

    @Test("each open of an attribute has an inode of its own; directories keep theirs")
    func freshInodes() throws {
        // The inode is the same number for everybody; that they are different objects shows in that writers do not
        // wait for each other (BlockedTests), and that directories are one shows in a working directory that stays.
        let first = try status(mount["dir/value"]).st_ino
        #expect(try status(mount["dir/value"]).st_ino == first)
        let directory = try Client(mount["dir"], O_RDONLY | 0o200000)
        _ = try status(mount["dir/value"])
        let file = openat(directory.descriptor, "value", O_RDONLY)
        #expect(file >= 0)
        close(file)
    }

    @Test("a link says where it leads")
    func links() {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink(mount["link"], &buffer, 64)
        #expect(String(decoding: buffer[..<count].map(UInt8.init), as: UTF8.self) == "dir/value")
    }

    @Test("the mount is of type fuse.zramfs")
    func type() throws {
        let table = try Client("/proc/self/mountinfo").bytes(1 << 20)
        let lines = String(decoding: table, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains { $0.contains(" \(mount.path) ") && $0.contains(" fuse.zramfs test ") })
    }

    private func list(_ path: String) -> [(name: String, type: UInt8, inode: UInt)] {
        var entries: [(String, UInt8, UInt)] = []
        let directory = opendir(path)!
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            entries.append((name, entry.pointee.d_type, entry.pointee.d_ino))
        }
        closedir(directory)
        return entries
    }
}
