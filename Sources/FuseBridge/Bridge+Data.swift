import CFuse3
import CFuseShims
import Glibc
import KernelCore
import Kernfs
import Synchronization
import SystemPackage

extension Bridge {
    func read(_ request: consuming Request, _ size: Int, _ offset: Int, _ handle: UInt64) {
        let file = OpenFile.handle(handle).takeUnretainedValue()
        guard let attribute = file as? OpenAttribute else {
            return readDevice(request, size, offset, unsafeDowncast(file, to: OpenDevice.self))
        }
        start(Call(request, .read(attribute.file, offset: offset, count: size)))
    }

    func write(
        _ request: consuming Request, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ info: fuse_file_info
    ) {
        let file = OpenFile.handle(info.fh).takeUnretainedValue()
        guard let attribute = file as? OpenAttribute else {
            let device = unsafeDowncast(file, to: OpenDevice.self)
            return writeDevice(request, bytes, offset, device, isWriteBack: info.writepage != 0)
        }
        // A store must not find a disk in use that its user has closed already: RELEASE is asynchronous, but it was
        // sent before this write, so that it is in the hands of a worker by now.
        if zf_context_disks(context) > 0 { zf_settle(context) }
        let isControl = attribute.file.node.attribute?.isControl ?? false
        let copy = Array(isControl ? bytes[...] : bytes.prefix(KernfsOpenFile.page))
        start(Call(request, .write(attribute.file, copy)))
    }

    private func readDevice(_ request: consuming Request, _ size: Int, _ offset: Int, _ device: OpenDevice) {
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
        _ request: consuming Request, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ device: OpenDevice,
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
