import CFuse3
import CFuseShims
import Glibc
import SystemPackage

/// The tables of functions that libfuse and the loop call, on the workers' threads. One line each.
enum Callbacks {
    static func table() -> fuse_lowlevel_ops {
        var ops = fuse_lowlevel_ops()
        ops.`init` = { Bridge.owner($0).configure(&$1!.pointee) }
        addNames(&ops)
        addAttributes(&ops)
        addFiles(&ops)
        addRefusals(&ops)
        return ops
    }

    /// What the loop calls itself.
    static let transfers = zf_handlers(
        transfer: { Bridge.transfers($0).transfer($1!.pointee) },
        interrupt: { Bridge.transfers($0).signalled($1) ? 1 : 0 })

    private static func addNames(_ ops: inout fuse_lowlevel_ops) {
        ops.lookup = { Bridge.of($0).lookup(Request($0), $1, String(cString: $2!)) }
        ops.forget = { Bridge.of($0).forget(Request($0), $1, $2) }
        ops.forget_multi = { Bridge.of($0).forget(Request($0), UnsafeBufferPointer(start: $2, count: $1)) }
        ops.readlink = { Bridge.of($0).readLink(Request($0), $1) }
        ops.readdir = { req, id, size, at, _ in Bridge.of(req).readDirectory(req, Request(req), id, size, UInt64(at)) }
    }

    private static func addAttributes(_ ops: inout fuse_lowlevel_ops) {
        ops.getattr = { Bridge.of($0).getAttributes(Request($0), $1, isSeek: $2 != nil) }
        ops.setattr = {
            Bridge.of($0).setAttributes(
                Request($0), $1, $2!.pointee, SettableAttributes(rawValue: $3), isOpen: $4 != nil)
        }
        ops.getxattr = { req, _, _, _ in Request(req).fail(.noData) }
        ops.listxattr = { req, _, size in Request(req).names(size) }
        ops.setxattr = { req, _, _, _, _, _ in Request(req).fail(.notSupportedOnSocket) }
        ops.removexattr = { req, _, _ in Request(req).fail(.notSupportedOnSocket) }
        ops.statfs = { req, _ in Bridge.of(req).fileSystemStatistics(Request(req)) }
    }

    private static func addFiles(_ ops: inout fuse_lowlevel_ops) {
        ops.open = { Bridge.of($0).open(Request($0), $1, $2!.pointee) }
        ops.release = { Bridge.of($0).release(Request($0), $2!.pointee.fh) }
        ops.poll = { Bridge.of($0).poll(Request($0), $2!.pointee.fh, $3) }
        ops.fsync = { Bridge.of($0).sync(Request($0), $3!.pointee.fh) }
        ops.lseek = { Bridge.of($0).seek(Request($0), $2, $3, $4!.pointee.fh) }
        ops.flock = { Bridge.of($0).lock(Request($0), $2!.pointee.fh, $3) }
        ops.fallocate = { Bridge.of($0).allocate(Request($0), $2, $3, $4, $5!.pointee.fh) }
        // No flush: it comes for each close of each duplicate and says nothing. No read and write: see `transfers`.
    }

    /// Nothing can be made or removed by name, as in sysfs.
    private static func addRefusals(_ ops: inout fuse_lowlevel_ops) {
        ops.create = { req, _, _, _, _ in Request(req).fail(.permissionDenied) }
        ops.mknod = { req, _, _, mode, _ in
            Request(req).fail(mode & S_IFMT == S_IFREG ? .permissionDenied : .notPermitted)
        }
        ops.mkdir = { req, _, _, _ in Request(req).fail(.notPermitted) }
        ops.unlink = { req, _, _ in Request(req).fail(.notPermitted) }
        ops.rmdir = { req, _, _ in Request(req).fail(.notPermitted) }
        ops.symlink = { req, _, _, _ in Request(req).fail(.notPermitted) }
        ops.rename = { req, _, _, _, _, _ in Request(req).fail(.notPermitted) }
        ops.link = { req, _, _, _ in Request(req).fail(.notPermitted) }
    }
}
