import KernelCore
import Kernfs
import SystemPackage

/// An attribute made of closures.
final class TestOps: KernfsOps {
    let canShow: Bool
    let canStore: Bool
    let isControl: Bool
    private let onShow: () async throws(Errno) -> String
    private let onStore: ([UInt8]) async throws(Errno) -> Int

    init(
        isControl: Bool = false, show: (() async throws(Errno) -> String)? = nil,
        store: (([UInt8]) async throws(Errno) -> Int)? = nil
    ) {
        self.isControl = isControl
        canShow = show != nil
        canStore = store != nil
        onShow = show ?? { () async throws(Errno) in throw .ioError }
        onStore = store ?? { (_) async throws(Errno) in throw .ioError }
    }

    func show() async throws(Errno) -> String { try await onShow() }
    func store(_ bytes: [UInt8]) async throws(Errno) -> Int { try await onStore(bytes) }
}
