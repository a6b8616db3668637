import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// The kernel's `CRYPTO_MAX_ALG_NAME`.
    private static let maxName = 128

    /// The compressors in order, the chosen one in brackets, a blank behind each.
    func compAlgorithmShow() async throws(Errno) -> String {
        kernel.enter("comp_algorithm_show")
        defer { kernel.leave() }
        return await initLock.withRead {
            let chosen = await compressor.load()
            return driver.memory.algorithms.map { $0 == chosen ? "[\($0)] " : "\($0) " }.joined() + "\n"
        }
    }

    /// Chooses the compressor of the next disksize.
    ///
    /// - Throws: `EINVAL` for an unknown name; `EBUSY` once a disksize is set; `E2BIG` for 128 bytes (6.18).
    func compAlgorithmStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("comp_algorithm_store")
        defer { kernel.leave() }
        var text = Parse.cString(bytes)
        if driver.abi == .v6_18, text.count >= Self.maxName { throw .argListTooLong }
        text = text.prefix(Self.maxName - 1)
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        let name = String(decoding: text, as: UTF8.self)
        guard driver.isAvailable(name) else { throw .invalidArgument }
        try await initLock.withWrite { () async throws(Errno) in
            if isInitialised {
                log(.info, "Can't change algorithm for initialized device")
                throw .resourceBusy
            }
            await compressor.store(name)
        }
        return bytes.count
    }

    /// Parameters of a compressor, `priority= level= algo= dict=`; only `level` of the algorithm in use matters here.
    ///
    /// - Throws: `EINVAL` for a word without a value, an unknown compressor or another priority than 0.
    func algorithmParamsStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("algorithm_params_store")
        defer { kernel.leave() }
        var priority: Int32 = 0
        for word in String(decoding: Parse.cString(bytes), as: UTF8.self).split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else { throw .invalidArgument }
            switch parts[0] {
            case "priority": priority = try Parse.signed(Array(parts[1].utf8))
            case "level": let _: Int32 = try Parse.signed(Array(parts[1].utf8))
            case "algo":
                guard await compressor.load() == parts[1] else { throw .invalidArgument }
            case "dict": throw .invalidArgument
            default: break
            }
        }
        guard priority == 0 else { throw .invalidArgument }
        return bytes.count
    }
}
