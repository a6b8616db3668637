import FuseBridge
import Glibc
import KernelCore
import Synchronization
import SystemPackage
import Testing

@Suite("Disks", .mounts, .serialized, .timeLimit(.minutes(1)))
struct DiskTests {
    let mount: TestMount
    let disk: String
    static let size = 1 << 20

    init() throws {
        mount = try TestMount()
        disk = mount["dev/disk"]
        try setSize(Self.size)
    }

    private func setSize(_ size: Int) throws(Errno) { try Client(mount["dir/size"], O_WRONLY).write("\(size)\n") }
    private func reset() throws(Errno) { try Client(mount["dir/reset"], O_WRONLY).write("1\n") }

    @Test("what is written is read, through the cache and past it", arguments: [0, 0o40000] as [Int32])
    func roundTrip(_ flags: Int32) throws {
        let file = try Client(disk, O_RDWR | flags)
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 4096)
        defer { page.deallocate() }
        for place in 0..<8192 { page[place] = UInt8(truncatingIfNeeded: place / 16) }
        #expect(pwrite(file.descriptor, page.baseAddress, 8192, 4096) == 8192)
        let wanted = [UInt8](page)
        page.initializeMemory(as: UInt8.self, repeating: 0)
        #expect(pread(file.descriptor, page.baseAddress, 8192, 4096) == 8192)
        #expect([UInt8](page) == wanted)
        #expect(mount.ask { $0.disk.data.bytes.withLock { $0[4096..<12288] == wanted[...] } })
        #expect(fsync(file.descriptor) == 0)
        #expect(mount.ask { $0.disk.data.flushes.withLock(\.self) } == 1)
    }

    @Test("the size is the disk's; at the end ENOSPC, across the end short")
    func end() throws {
        #expect(try status(disk).st_size == Self.size)
        let file = try Client(disk, O_RDWR)
        #expect(try file.write([1, 2, 3, 4], at: Self.size - 2) == 2)
        #expect(throws: Errno.noSpace) { try file.write([1], at: Self.size) }
        #expect(try file.bytes(4096, at: Self.size - 2) == [1, 2])
        #expect(try status(disk).st_size == Self.size && file.size == Self.size)
    }

    @Test("truncation: by open no effect, else EINVAL")
    func truncation() throws {
        let file = try Client(disk, O_RDWR)
        try file.write("kept", at: 0)
        _ = try Client(disk, O_WRONLY | O_TRUNC)
        #expect(try file.read(4, at: 0) == "kept" && file.size == Self.size)
        #expect(failure(ftruncate(file.descriptor, 0)) == .invalidArgument)
        #expect(failure(ftruncate(file.descriptor, 4096)) == .invalidArgument)
        #expect(failure(truncate(disk, 4096)) == .invalidArgument)
    }

    @Test("shared mappings are written and read back")
    func mapping() throws {
        let file = try Client(disk, O_RDWR)
        let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0)!
        try #require(memory != MAP_FAILED)
        memset(memory, 0x5a, Self.size)
        #expect(msync(memory, Self.size, MS_SYNC) == 0)
        #expect(munmap(memory, Self.size) == 0)
        #expect(mount.ask { $0.disk.data.bytes.withLock { $0.allSatisfy { $0 == 0x5a } } })
        #expect(try Client(disk).bytes(16, at: 77) == [UInt8](repeating: 0x5a, count: 16))
    }

    @Test("holes are punched in whole sectors only")
    func punch() throws {
        let file = try Client(disk, O_RDWR)
        try file.write([UInt8](repeating: 9, count: 16384), at: 0)
        let punch: Int32 = 3
        #expect(fallocate(file.descriptor, punch, 4096, 8192) == 0)
        #expect(try file.bytes(4, at: 4094) == [9, 9, 0, 0] && file.bytes(4, at: 12286) == [0, 0, 9, 9])
        #expect(fallocate(file.descriptor, punch, 13824, 512) == 0)
        #expect(try file.bytes(4, at: 13822) == [9, 9, 0, 0] && file.bytes(4, at: 14334) == [0, 0, 9, 9])
        #expect(failure(fallocate(file.descriptor, punch, 100, 8192)) == .invalidArgument)
        #expect(failure(fallocate(file.descriptor, punch, 4096, 100)) == .invalidArgument)
        #expect(failure(fallocate(file.descriptor, 0, 0, 4096)) == .notSupported)
    }

    @Test("a descriptor from before the size was set sees the new size")
    func growth() throws {
        try reset()
        let file = try Client(disk, O_RDWR)
        #expect(file.size == 0)
        #expect(throws: Errno.noSpace) { try file.write("x", at: 0) }
        try setSize(8192)
        #expect(try file.write("now", at: 0) == 3 && file.read(3, at: 0) == "now")
        #expect(try Client(disk).size == 8192 && file.size == 8192)
    }

    @Test("after a reset no stale page is read, though the size is the same again")
    func stale() throws {
        try Client(disk, O_RDWR).write([UInt8](repeating: 3, count: Self.size), at: 0)
        #expect(try Client(disk).bytes(Self.size, at: 0).allSatisfy { $0 == 3 })
        try reset()
        #expect(try status(disk).st_size == 0)
        try setSize(Self.size)
        #expect(try Client(disk).bytes(Self.size, at: 0).allSatisfy { $0 == 0 })
        try Client(disk, O_RDWR).write([UInt8](repeating: 4, count: 4096), at: 0)
        try reset()
        try setSize(Self.size)
        #expect(try Client(disk).bytes(4096, at: 0).allSatisfy { $0 == 0 })
    }

    @Test("with the write-back cache a new size is a new inode, and nothing stale is read")
    func writeBack() throws {
        let mount = try TestMount { $0.writebackCache = true }
        func set(_ size: Int) throws(Errno) { try Client(mount["dir/size"], O_WRONLY).write("\(size)\n") }
        func reset() throws(Errno) { try Client(mount["dir/reset"], O_WRONLY).write("1\n") }
        try set(Self.size)
        do {
            let file = try Client(mount["dev/disk"], O_RDWR)
            try file.write([UInt8](repeating: 6, count: Self.size), at: 0)
            #expect(fsync(file.descriptor) == 0)
        }
        #expect(mount.ask { $0.disk.data.bytes.withLock { $0.allSatisfy { $0 == 6 } } })
        try reset()
        let early = try Client(mount["dev/disk"], O_RDWR)
        #expect(early.size == 0)
        try set(Self.size)
        #expect(try Client(mount["dev/disk"]).bytes(Self.size, at: 0) == [UInt8](repeating: 0, count: Self.size))
        #expect(try early.write("now", at: 0) == 3 && early.read(3, at: 0) == "now")
        try set(8192)
        #expect(try status(mount["dev/disk"]).st_size == 8192 && Client(mount["dev/disk"]).size == 8192)
    }

    @Test("direct I/O moves any sectors, and nothing less")
    func sectors() throws {
        let file = try Client(disk, O_RDWR | 0o40000)
        let sector = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 512)
        defer { sector.deallocate() }
        sector.initializeMemory(as: UInt8.self, repeating: 7)
        #expect(pwrite(file.descriptor, sector.baseAddress, 512, 4608) == 512)
        sector.initializeMemory(as: UInt8.self, repeating: 0)
        #expect(pread(file.descriptor, sector.baseAddress, 512, 4608) == 512)
        #expect(sector.allSatisfy { $0 == 7 })
        #expect(pread(file.descriptor, sector.baseAddress, 512, 100) == -1 && errno == EINVAL)
        #expect(pread(file.descriptor, sector.baseAddress, 100, 512) == -1 && errno == EINVAL)
    }

    @Test("the cache is gone when the last user closes, and kept as long as there is one")
    func lastClose() throws {
        let data = mount.ask { $0.disk.data }
        func reads() throws -> Int {
            let before = data.reads.withLock(\.self)
            #expect(try Client(disk).bytes(4096, at: 0).count == 4096)
            return data.reads.withLock(\.self) - before
        }
        for _ in 0..<200 { #expect(try reads() > 0) }
        let user = try Client(disk)
        _ = try user.bytes(4096, at: 0)
        #expect(try reads() == 0)
        _ = user.size
    }

    @Test("a failed buffered write is told by fsync, once; a direct one at once")
    func lateErrors() throws {
        let file = try Client(disk, O_RDWR)
        mount.isolation.run { mount.system.disk.data.failsWrites.withLock { $0 = true } }
        #expect(try file.write("lost", at: 0) == 4)
        #expect(failure(fsync(file.descriptor)) == .ioError)
        #expect(failure(fsync(file.descriptor)) == nil)
    }

    @Test("reset never finds a disk in use that was closed before, 3000 times")
    func closeAndReset() throws {
        #expect(throws: Errno.resourceBusy) {
            let user = try Client(disk)
            try reset()
            _ = user.size
        }
        // Through an open file the store follows the close at once: without help 42 rounds failed.
        let file = try Client(mount["dir/reset"], O_WRONLY)
        var failures = 0
        for round in 0..<3000 {
            _ = try Client(disk, round % 2 == 0 ? O_RDONLY : O_RDWR)
            do { try file.write("1\n") } catch { failures += 1 }
        }
        #expect(failures == 0)
    }
}
