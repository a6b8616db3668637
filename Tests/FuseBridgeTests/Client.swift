import Glibc
import SystemPackage

/// System calls as a client makes them; what fails throws its errno.
struct Client: ~Copyable {
    let descriptor: Int32

    init(_ path: String, _ flags: Int32 = O_RDONLY) throws(Errno) {
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw Errno(rawValue: errno) }
    }

    deinit { close(descriptor) }

    func read(_ count: Int = 4096, at offset: Int? = nil) throws(Errno) -> String {
        String(decoding: try bytes(count, at: offset), as: UTF8.self)
    }

    func bytes(_ count: Int, at offset: Int? = nil) throws(Errno) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let result = offset.map { pread(descriptor, &buffer, count, $0) } ?? Glibc.read(descriptor, &buffer, count)
        return Array(buffer[..<(try check(result))])
    }

    @discardableResult
    func write(_ text: String, at offset: Int? = nil) throws(Errno) -> Int {
        try write(Array(text.utf8), at: offset)
    }

    @discardableResult
    func write(_ bytes: [UInt8], at offset: Int? = nil) throws(Errno) -> Int {
        let result =
            offset.map { pwrite(descriptor, bytes, bytes.count, $0) } ?? Glibc.write(descriptor, bytes, bytes.count)
        return try check(result)
    }

    var size: Int {
        var status = stat()
        fstat(descriptor, &status)
        return status.st_size
    }
}

/// - Returns: the result of a system call; throws its errno if it is negative.
@discardableResult
func check(_ result: Int) throws(Errno) -> Int {
    if result < 0 { throw Errno(rawValue: errno) }
    return result
}

/// The errno of a system call that returns -1; nil if it went well.
func failure(_ result: Int32) -> Errno? { result < 0 ? Errno(rawValue: errno) : nil }

/// The errno of an open; nil if it went well.
func openFailure(_ path: String, _ flags: Int32 = O_RDONLY) -> Errno? {
    do throws(Errno) {
        _ = try Client(path, flags)
        return nil
    } catch {
        return error
    }
}

/// fallocate(2), which the C library's header shows under `_GNU_SOURCE` only.
func fallocate(_ descriptor: Int32, _ mode: Int32, _ offset: Int, _ length: Int) -> Int32 {
    typealias Function = @convention(c) (Int32, Int32, Int, Int) -> Int32
    return unsafeBitCast(dlsym(nil, "fallocate"), to: Function.self)(descriptor, mode, offset, length)
}

/// What `stat` says.
func status(_ path: String) throws(Errno) -> stat {
    var status = stat()
    if lstat(path, &status) < 0 { throw Errno(rawValue: errno) }
    return status
}
