import KernelCore
import Kernfs
import SystemPackage

/// An attribute made of closures.
final class TestOps: KernfsOps {
    let canShow: Bool
    let canStore: Bool
    let isControl: Bool
    private let onShow: (() async throws(Errno) -> String)?
    private let onStore: (([UInt8]) async throws(Errno) -> Int)?

    init(
        isControl: Bool = false, show: (() async throws(Errno) -> String)? = nil,
        store: (([UInt8]) async throws(Errno) -> Int)? = nil
    ) {
        self.isControl = isControl
        canShow = show != nil
        canStore = store != nil
        onShow = show
        onStore = store
    }

    func show() async throws(Errno) -> String {
        guard let onShow else { throw .ioError }
        return try await onShow()
    }

    func store(_ bytes: [UInt8]) async throws(Errno) -> Int {
        guard let onStore else { throw .ioError }
        return try await onStore(bytes)
    }
}
