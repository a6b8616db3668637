import CFuse3
import CFuseShims
import Glibc

/// Notices that a mount vanished from the mount table while its connection lives: `umount -l`, `fusermount3 -uz`.
final class MountWatch {
    /// How long a connection may take to end after its mount, before it counts as living on.
    private static let grace: Int32 = 200
    private let device: String
    private let connection: Int32
    private let stopper: Int32
    private var thread: HostThread?

    /// - Parameters:
    ///   - device: `st_dev` of the mount as the table spells it.
    ///   - connection: the descriptor of `/dev/fuse`; stays the caller's.
    init(device: String, connection: Int32, onDetached: @escaping @Sendable () -> Void) {
        self.device = device
        self.connection = connection
        stopper = zf_eventfd()
        thread = HostThread("mount-watch") { [self] in watch(onDetached) }
    }

    /// Ends the thread.
    func stop() {
        var one: UInt64 = 1
        write(stopper, &one, 8)
        thread?.join()
        close(stopper)
    }

    private func watch(_ onDetached: () -> Void) {
        let table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard table >= 0 else { return }
        defer { close(table) }
        while true {
            // A change between the look and the poll is not lost: the poll compares with what was read last.
            if !MountTable.shows(device) {
                if isAlive() { onDetached() }
                return
            }
            var wanted = [
                pollfd(fd: table, events: Int16(POLLPRI), revents: 0),
                pollfd(fd: stopper, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&wanted, 2, -1) >= 0 || errno == EINTR else { return }
            if wanted[1].revents != 0 { return }
        }
    }

    /// An orderly unmount ends the connection a moment after the mount.
    private func isAlive() -> Bool {
        var wanted = [
            pollfd(fd: connection, events: 0, revents: 0), pollfd(fd: stopper, events: Int16(POLLIN), revents: 0),
        ]
        return poll(&wanted, 2, Self.grace) == 0
    }
}
