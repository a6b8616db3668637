import CFuse3
import CFuseShims
import Glibc
import SystemPackage

/// libfuse's session: made, mounted, served, and taken down in the right order.
final class Session {
    private let session: OpaquePointer
    private let context: OpaquePointer
    private let path: String
    /// `st_dev` of the mount as the mount table spells it; nil if the table did not show it.
    let device: String?

    /// Mounts.
    init(_ options: MountOptions, context: OpaquePointer) throws(MountError) {
        try MountError.check(options)
        path = Self.resolved(options.mountPoint)
        zf_log_install()
        let log = UnsafeMutablePointer<CChar>.allocate(capacity: 512)
        defer {
            zf_log_capture(nil, 0)
            log.deallocate()
        }
        zf_log_capture(log, 512)
        guard let session = Self.make(options.arguments, context) else {
            throw MountError(.options, "a mount option is not understood: \(String(cString: log))")
        }
        guard fuse_session_mount(session, path) == 0 else {
            let said = String(cString: log)
            fuse_session_destroy(session)
            throw MountError(.refused, "\(options.mountPoint): mounting failed: \(said.isEmpty ? "refused" : said)")
        }
        self.session = session
        device = MountTable.device(at: path)
        self.context = context
        let error = zf_prepare(session, context, options.debug ? 1 : 0)
        precondition(error == 0, "fuse_session_custom_io failed with error \(error)")
    }

    /// The descriptor of `/dev/fuse`.
    var descriptor: Int32 { fuse_session_fd(session) }

    /// Serves until the connection ends or `exit()`, on the calling thread and others.
    func serve(threads: Int) {
        let others = (1..<max(1, threads)).map { _ in HostThread("worker") { [self] in zf_serve(session, context) } }
        zf_serve(session, context)
        for other in others { other.join() }
    }

    /// Has `serve` return, if it is called time and again until it has.
    func exit() { zf_stop(session, context) }

    /// Detaches what is still mounted; whatever somebody else mounted there meanwhile stays.
    deinit {
        if let device, MountTable.shows(device, at: path) { fuse_session_unmount(session) }
        fuse_session_destroy(session)
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func make(_ words: [String], _ context: OpaquePointer) -> OpaquePointer? {
        var copies: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeMutableBufferPointer { words in
            var arguments = fuse_args(argc: Int32(words.count - 1), argv: words.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            var operations = Callbacks.table()
            return fuse_session_new(
                &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size, UnsafeMutableRawPointer(context))
        }
    }
}
