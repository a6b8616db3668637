import Kernfs
import Synchronization
import SystemPackage

/// A disk over an array. Size 0 until somebody sets one; reset refuses while it is open.
final class TestDisk: DeviceFile {
    final class Data: Sendable {
        let bytes = Mutex<[UInt8]>([])
        let failsWrites = Mutex(false)
        let flushes = Mutex(0)
        let reads = Mutex(0)
    }

    let data = Data()
    private(set) var generation: UInt64 = 0
    private(set) var openers = 0

    var size: UInt64 { data.bytes.withLock { UInt64($0.count) } }

    func setSize(_ size: Int) {
        data.bytes.withLock { $0 = [UInt8](repeating: 0, count: size) }
        generation += 1
    }

    func reset() throws(Errno) {
        if openers > 0 { throw .resourceBusy }
        setSize(0)
    }

    func open(forWriting: Bool) async throws(Errno) -> any DeviceHandle {
        openers += 1
        return Handle(self)
    }

    final class Handle: DeviceHandle {
        private let data: Data
        // Used by `release` alone, in the isolation.
        private nonisolated(unsafe) let disk: TestDisk

        init(_ disk: TestDisk) {
            self.disk = disk
            data = disk.data
        }

        var size: UInt64 { data.bytes.withLock { UInt64($0.count) } }

        func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
            data.reads.withLock { $0 += 1 }
            return data.bytes.withLock { bytes in
                guard offset < bytes.count else { return 0 }
                let piece = bytes[Int(offset)..<min(bytes.count, Int(offset) + buffer.count)]
                buffer.copyBytes(from: piece)
                return piece.count
            }
        }

        func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) -> Int {
            if data.failsWrites.withLock({ $0 }) { throw .ioError }
            let taken = data.bytes.withLock { bytes in
                guard offset < bytes.count else { return 0 }
                let count = min(buffer.count, bytes.count - Int(offset))
                bytes.replaceSubrange(Int(offset)..<Int(offset) + count, with: buffer[..<count])
                return count
            }
            if taken == 0, !buffer.isEmpty { throw .noSpace }
            return taken
        }

        func discard(at offset: UInt64, length: UInt64) throws(Errno) {
            data.bytes.withLock { bytes in
                for place in Int(offset)..<min(bytes.count, Int(offset + length)) { bytes[place] = 0 }
            }
        }

        func flush() throws(Errno) { data.flushes.withLock { $0 += 1 } }

        func release() async { disk.openers -= 1 }
    }
}
