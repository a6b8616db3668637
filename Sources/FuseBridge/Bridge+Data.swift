import CFuse3
import CFuseShims
import Glibc
import KernelCore
import Kernfs
import Synchronization
import SystemPackage

extension Bridge {
    /// FUSE_READ and FUSE_WRITE.
    func transfer(_ request: zf_transfer) {
        let file = OpenFile.handle(request.handle).takeUnretainedValue()
        if file.isAttribute { return start(call(request, unsafeDowncast(file, to: OpenAttribute.self))) }
        let device = unsafeDowncast(file, to: OpenDevice.self)
        if device.handle.mayWait { moveAside(request, device) } else { move(request, device) }
    }

    /// Moves data on a thread of its own: workers are few, and another device may never answer.
    private func moveAside(_ request: zf_transfer, _ device: OpenDevice) {
        var request = request
        var copy: UnsafeMutableRawPointer?
        if let data = request.data {
            let size = Int(request.size)
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
            bytes.copyMemory(from: data, byteCount: size)
            request.data = UnsafeRawPointer(bytes)
            copy = bytes
        }
        aside.change { $0 += 1 }
        HostThread.detach("transfer") { [self, request] in
            move(request, device)
            copy?.deallocate()
            aside.change { $0 -= 1 }
        }
    }

    private func move(_ request: zf_transfer, _ device: OpenDevice) {
        let (offset, size) = (Int(truncatingIfNeeded: request.offset), Int(request.size))
        if let data = request.data {
            let bytes = UnsafeRawBufferPointer(start: data, count: size)
            writeDevice(
                Transfer(request, context), bytes, offset, device, isWriteBack: request.is_write_back != 0)
        } else {
            readDevice(Transfer(request, context), size, offset, device)
        }
    }

    /// The next transfer of an attribute; nil if this worker must go back to its loop. While disks are open it must, for
    /// then other workers read, too, and would wait for each other at the isolation.
    func nextCall() -> Call? {
        var request = zf_transfer()
        guard zf_context_disks(context) == 0, zf_next(context, &request) != 0 else { return nil }
        return OpenFile.handle(request.handle)._withUnsafeGuaranteedRef { file in
            guard file.isAttribute else { return nil }
            zf_taken()
            return call(request, unsafeDowncast(file, to: OpenAttribute.self))
        }
    }

    @inline(__always)
    private func call(_ request: zf_transfer, _ attribute: OpenAttribute) -> Call {
        guard let data = request.data else {
            let work = Call.Work.read(
                attribute.file, offset: Int(truncatingIfNeeded: request.offset), count: Int(request.size))
            return Call(Transfer(request, context), work)
        }
        let bytes = UnsafeRawBufferPointer(start: data, count: Int(request.size))
        // A store must not find a disk in use that its user has closed already: RELEASE is asynchronous, but it was
        // sent before this write, so that it is in the hands of a worker by now.
        if zf_context_disks(context) > 0 { zf_settle(context) }
        let isControl = attribute.file.node.attribute?.isControl ?? false
        let copy = Array(isControl ? bytes[...] : bytes.prefix(KernfsOpenFile.page))
        return Call(Transfer(request, context), .write(attribute.file, copy))
    }

    private func readDevice(_ request: consuming Transfer, _ size: Int, _ offset: Int, _ device: OpenDevice) {
        guard let memory = zf_thread_buffer(size) else { return request.fail(.noMemory) }
        do throws(Errno) {
            try device.check()
            try device.checkAlignment(offset, size)
            let buffer = UnsafeMutableRawBufferPointer(start: memory, count: size)
            let count = try device.handle.read(at: UInt64(offset), into: buffer)
            request.bytes(UnsafeRawBufferPointer(start: memory, count: count))
        } catch {
            request.fail(error)
        }
    }

    private func writeDevice(
        _ request: consuming Transfer, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ device: OpenDevice,
        isWriteBack: Bool
    ) {
        do throws(Errno) {
            try device.check()
            try device.checkAlignment(offset, bytes.count)
            request.wrote(try device.handle.write(at: UInt64(offset), from: bytes))
        } catch .ioError where !isWriteBack && !device.isDirect {
            // The page cache of a block device takes the bytes, and a later fsync says that they are lost.
            device.lateErrors.count.add(1, ordering: .relaxed)
            request.wrote(bytes.count)
        } catch {
            request.fail(error)
        }
    }
}
