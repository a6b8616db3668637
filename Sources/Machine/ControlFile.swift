import KernelCore
import Kernfs
import SystemPackage

/// The methods of a laboratory file. It takes no lock of the simulated kernel, so that it works whatever hangs.
final class ControlFile: KernfsOps {
    private let control: Control
    private weak var machine: Machine?

    init(_ control: Control, of machine: Machine) {
        self.control = control
        self.machine = machine
    }

    var canShow: Bool { control.show != nil }
    var canStore: Bool { control.store != nil }
    var isControl: Bool { true }

    func show() async throws(Errno) -> String {
        guard let machine else { throw .noSuchDevice }
        guard let show = control.show else { throw .ioError }
        return try show(machine)
    }

    func store(_ bytes: [UInt8]) async throws(Errno) -> Int {
        guard let machine else { throw .noSuchDevice }
        guard let store = control.store else { throw .ioError }
        let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        try await store(machine, String(decoding: text, as: UTF8.self))
        return bytes.count
    }
}
