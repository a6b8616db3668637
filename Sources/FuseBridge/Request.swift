import CFuse3
import Glibc
import Kernfs
import SystemPackage

/// The right to answer a request, exactly once; libfuse's `fuse_req_t`.
///
/// A lost reply is a hung shell, so that a request that nobody answered is answered `EIO` when it is dropped.
struct Request: ~Copyable {
    private let raw: fuse_req_t

    init(_ raw: fuse_req_t?) { self.raw = raw! }

    deinit { _ = fuse_reply_err(raw, EIO) }

    /// The thread that asks; 0 if it is the kernel itself or lives in a foreign pid namespace.
    var pid: Int32 { fuse_req_ctx(raw).pointee.pid }

    /// Has `post` called with the token when the caller got a signal; at once if it has got one already.
    func onInterrupt(_ token: UInt64, _ post: fuse_interrupt_func_t) {
        fuse_req_interrupt_func(raw, post, UnsafeMutableRawPointer(bitPattern: UInt(token)))
    }

    consuming func fail(_ error: Errno) {
        _ = fuse_reply_err(raw, error.rawValue)
        discard self
    }

    consuming func succeed() {
        _ = fuse_reply_err(raw, 0)
        discard self
    }

    /// Ends a request that has no answer: a forget.
    consuming func ignore() {
        fuse_reply_none(raw)
        discard self
    }

    consuming func bytes(_ buffer: UnsafeRawBufferPointer) {
        _ = fuse_reply_buf(raw, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        discard self
    }

    consuming func found(_ offset: Int) {
        _ = fuse_reply_lseek(raw, off_t(offset))
        discard self
    }

    /// An empty list of extended attributes, or its size.
    consuming func names(_ size: Int) {
        _ = size == 0 ? fuse_reply_xattr(raw, 0) : fuse_reply_buf(raw, nil, 0)
        discard self
    }

    consuming func link(_ target: String) {
        _ = fuse_reply_readlink(raw, target)
        discard self
    }

    consuming func attributes(_ status: stat, validFor seconds: Double) {
        withUnsafePointer(to: status) { _ = fuse_reply_attr(raw, $0, seconds) }
        discard self
    }

    consuming func statistics(_ status: statvfs) {
        withUnsafePointer(to: status) { _ = fuse_reply_statfs(raw, $0) }
        discard self
    }

    consuming func polled(_ events: UInt32) {
        _ = fuse_reply_poll(raw, events)
        discard self
    }

    /// - Returns: false if the caller is gone, so that no forget will come.
    consuming func entry(_ entry: fuse_entry_param) -> Bool {
        let result = withUnsafePointer(to: entry) { fuse_reply_entry(raw, $0) }
        discard self
        return result == 0
    }

    /// - Returns: false if the caller is gone, so that no release will come.
    consuming func opened(_ info: fuse_file_info) -> Bool {
        let result = withUnsafePointer(to: info) { fuse_reply_open(raw, $0) }
        discard self
        return result == 0
    }
}
