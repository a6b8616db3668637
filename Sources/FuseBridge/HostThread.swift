import CFuse3
import CFuseShims
import Glibc

/// A thread of the host that waits for real things; simulated waits need none.
struct HostThread {
    private let id: pthread_t

    /// Starts a thread.
    /// - Parameter name: at most 15 bytes, as `ps -T` shows it.
    init(_ name: String, _ body: @escaping () -> Void) {
        var id = pthread_t()
        let box = Unmanaged.passRetained(Box(name, body))
        let error = pthread_create(&id, nil, { Box.run($0) }, box.toOpaque())
        precondition(error == 0, "pthread_create failed with error \(error)")
        self.id = id
    }

    /// Starts a thread that nobody waits for.
    /// - Parameter name: at most 15 bytes, as `ps -T` shows it.
    static func detach(_ name: String, _ body: @escaping () -> Void) {
        pthread_detach(HostThread(name, body).id)
    }

    /// Waits until the thread has ended.
    func join() {
        let error = pthread_join(id, nil)
        precondition(error == 0, "pthread_join failed with error \(error)")
    }

    private final class Box {
        let name: String
        let body: () -> Void

        init(_ name: String, _ body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }

        static func run(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
            zf_name_thread(box.name)
            box.body()
            return nil
        }
    }
}
