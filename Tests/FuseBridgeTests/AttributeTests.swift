import FuseBridge
import Glibc
import SystemPackage
import Testing

@Suite("Attributes", .mounts, .serialized, .timeLimit(.minutes(1)))
struct AttributeTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    @Test("show and store")
    func roundTrip() throws {
        #expect(try Client(mount["dir/value"]).read() == "0\n")
        #expect(try Client(mount["dir/value"], O_WRONLY | O_TRUNC).write("17\n") == 3)
        #expect(try Client(mount["link"]).read() == "17\n")
        #expect(throws: Errno.invalidArgument) { try Client(mount["dir/value"], O_WRONLY).write("bad\n") }
    }

    @Test("a show serves a file that is read on; each read at 0 shows again")
    func oneShow() throws {
        let file = try Client(mount["dir/value"])
        #expect(try file.read(1) == "0" && file.read(1) == "\n" && file.read(1) == "")
        #expect(mount.ask(\.shows) == 1)
        #expect(try file.read(16, at: 0) == "0\n")
        #expect(mount.ask(\.shows) == 2)
    }

    @Test("metadata: size 4096, one link, modes, changes accepted")
    func metadata() throws {
        var it = try status(mount["dir/value"])
        #expect(it.st_size == 4096 && it.st_nlink == 1 && it.st_mode == S_IFREG | 0o644 && it.st_uid == getuid())
        let inode = it.st_ino
        #expect(chmod(mount["dir/value"], 0o600) == 0 && chown(mount["dir/value"], 5, 6) == 0)
        #expect(truncate(mount["dir/value"], 0) == 0)
        var times = [timeval(tv_sec: 100, tv_usec: 0), timeval(tv_sec: 200, tv_usec: 0)]
        #expect(utimes(mount["dir/value"], &times) == 0)
        it = try status(mount["dir/value"])
        #expect(it.st_size == 4096 && it.st_mode == S_IFREG | 0o600 && it.st_uid == 5 && it.st_gid == 6)
        #expect(it.st_ino == inode && it.st_mtim.tv_sec == 200)
        #expect(try status(mount["long"]).st_size == 0)
    }

    @Test("the wrong direction is refused, to root too")
    func directions() {
        #expect(openFailure(mount["dir/stuck"]) == .permissionDenied)
        #expect(openFailure(mount["dir/shown"], O_WRONLY) == .permissionDenied)
        #expect(openFailure(mount["dir/shown"], O_RDWR) == .permissionDenied)
        #expect(throws: Errno.ioError) { try Client(mount["dir/size"]).read() }
        #expect(openFailure(mount["dir/value"], 0o40000) == .invalidArgument)
    }

    @Test("names cannot be made or removed")
    func names() {
        #expect(openFailure(mount["dir/new"], O_CREAT | O_WRONLY) == .permissionDenied)
        #expect(openFailure(mount["dir/new"]) == .noSuchFileOrDirectory)
        #expect(failure(mkdir(mount["new"], 0o755)) == .notPermitted)
        #expect(failure(rmdir(mount["dir"])) == .notPermitted)
        #expect(failure(unlink(mount["dir/value"])) == .notPermitted)
        #expect(failure(rename(mount["dir/value"], mount["dir/other"])) == .notPermitted)
        #expect(failure(symlink("x", mount["new"])) == .notPermitted)
        #expect(failure(Glibc.link(mount["dir/value"], mount["new"])) == .notPermitted)
        #expect(failure(mknod(mount["new"], S_IFREG | 0o644, 0)) == .permissionDenied)
    }

    @Test("a write is one store of at most a page; an empty one is none")
    func stores() throws {
        let file = try Client(mount["dir/value"], O_WRONLY)
        #expect(try file.write([UInt8](repeating: 55, count: 8192)) == 4096)
        #expect(mount.ask { $0.stores.map(\.count) } == [4096])
        #expect(try file.write("") == 0)
        var first = Array("12".utf8)
        var second = Array("34\n".utf8)
        let written = first.withUnsafeMutableBytes { first in
            second.withUnsafeMutableBytes { second in
                let parts = [
                    iovec(iov_base: first.baseAddress, iov_len: 2), iovec(iov_base: second.baseAddress, iov_len: 3),
                ]
                return writev(file.descriptor, parts, 2)
            }
        }
        #expect(written == 5 && mount.ask(\.value) == "1234" && mount.ask(\.stores.count) == 2)
    }

    @Test("a control file may be longer than a page, both ways")
    func control() throws {
        let file = try Client(mount["long"], O_RDWR)
        #expect(try file.read(20000).utf8.count == 16000)
        #expect(try file.write([UInt8](repeating: 65, count: 10000), at: 0) == 10000)
    }

    @Test("shared mappings of attributes are refused")
    func mapping() throws {
        let file = try Client(mount["dir/value"], O_RDWR)
        let memory = mmap(nil, 4096, PROT_READ, MAP_SHARED, file.descriptor, 0)
        #expect(memory == MAP_FAILED && errno == ENODEV)
    }

    @Test("an old descriptor of a removed attribute gives ENODEV, its name ENOENT")
    func removal() throws {
        let old = try Client(mount["dir/victim"])
        #expect(try old.read() == "here\n")
        try Client(mount["dir/remove"], O_WRONLY).write("1")
        #expect(throws: Errno.noSuchDevice) { try old.read(16, at: 0) }
        #expect(openFailure(mount["dir/victim"]) == .noSuchFileOrDirectory)
        #expect(try status(mount["dir"]).st_nlink == 2)
    }
}

extension Errno {
    static var noSuchDevice: Errno { .operationNotSupportedByDevice }
}
