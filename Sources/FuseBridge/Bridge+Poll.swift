import CFuse3
import Glibc
import KernelCore
import Kernfs
import SystemPackage

extension Bridge {
    /// Always readable and writable; `POLLERR | POLLPRI` while there are news. The kernel's `kernfs_generic_poll`.
    func poll(_ request: consuming Request, _ handle: UInt64, _ poller: OpaquePointer?) {
        var events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM
        if let attribute = OpenFile.handle(handle).takeUnretainedValue() as? OpenAttribute {
            isolation.run {
                if attribute.file.hasNews || attribute.file.node.kernel.isHalting { events |= POLLERR | POLLPRI }
                if let poller { startPolling(attribute, poller) }
            }
        } else if let poller {
            fuse_pollhandle_destroy(poller)
        }
        request.polled(UInt32(events))
    }

    private func startPolling(_ attribute: OpenAttribute, _ poller: OpaquePointer) {
        if let old = attribute.poller {
            fuse_pollhandle_destroy(old)
        } else {
            polled[ObjectIdentifier(attribute.file.node), default: []].append(attribute)
        }
        attribute.poller = poller
    }

    /// In the isolation.
    func stopPolling(_ attribute: OpenAttribute) {
        guard let poller = attribute.poller.take() else { return }
        fuse_pollhandle_destroy(poller)
        let key = ObjectIdentifier(attribute.file.node)
        polled[key]?.removeAll { $0 === attribute }
        if polled[key]?.isEmpty == true { polled[key] = nil }
    }

    /// The attribute has news, or is gone; in the isolation.
    func tellPollers(of node: KernfsNode) {
        guard !polled.isEmpty, let attributes = polled.removeValue(forKey: ObjectIdentifier(node)) else { return }
        for attribute in attributes {
            // Never from here: the kernel may want to send a request before it takes the notification.
            attribute.poller.take().map { attendant.post(poll: $0) }
        }
    }

    /// In the isolation.
    func tellAllPollers() {
        for attribute in polled.values.joined() { attribute.poller.take().map { attendant.post(poll: $0) } }
        polled = [:]
    }
}
