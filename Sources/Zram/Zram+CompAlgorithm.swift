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
        return await initLock.withRead { list(chosen: await compressor.load()) }
    }

    /// Chooses the compressor of the next disksize.
    ///
    /// - Throws: `EINVAL` for an unknown name; `EBUSY` once a disksize is set; `E2BIG` for 128 bytes (6.18).
    func compAlgorithmStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("comp_algorithm_store")
        defer { kernel.leave() }
        try await setAlgorithm(Parse.cString(bytes), priority: 0)
        return bytes.count
    }

    /// A line for each secondary compressor: its priority, and the list.
    func recompAlgorithmShow() async throws(Errno) -> String {
        kernel.enter("recomp_algorithm_show")
        defer { kernel.leave() }
        return await initLock.withRead {
            let names = await extras.load().names
            return names.sorted { $0.key < $1.key }.map { "#\($0.key): " + list(chosen: $0.value) }.joined()
        }
    }

    /// Chooses a secondary compressor, `algo=` and `priority=` 1 (if none is given) to 3.
    ///
    /// - Throws: `EINVAL` for a word without a value, no or an unknown compressor, another priority; `EBUSY` once a
    ///   disksize is set.
    func recompAlgorithmStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("recomp_algorithm_store")
        defer { kernel.leave() }
        var priority: Int32 = 1
        var name: String?
        for (key, value) in Parse.parameters(bytes) {
            guard let value, !value.isEmpty else { throw .invalidArgument }
            switch key {
            case "algo": name = value
            case "priority": priority = try Parse.signed(Array(value.utf8))
            default: break
            }
        }
        guard let name, (1..<ZramExtras.maxCompressors).contains(Int(priority)) else { throw .invalidArgument }
        try await setAlgorithm(Array(name.utf8)[...], priority: Int(priority))
        return bytes.count
    }

    /// Parameters of a compressor, `priority= level= algo= dict=`: its level, from the next disksize on.
    ///
    /// - Throws: `EINVAL` for a word without a value, a compressor that is not configured or a priority that there is
    ///   not; for a dictionary too, because none is used.
    func algorithmParamsStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("algorithm_params_store")
        defer { kernel.leave() }
        var priority: Int32 = 0
        var level: Int32?
        var name: String?
        var hasDictionary = false
        for (key, value) in Parse.parameters(bytes) {
            guard let value, !value.isEmpty else { throw .invalidArgument }
            switch key {
            case "priority": priority = try Parse.signed(Array(value.utf8))
            case "level": level = try Parse.signed(Array(value.utf8), as: Int32.self)
            case "algo": name = value
            case "dict": hasDictionary = true
            default: break
            }
        }
        if let name { priority = Int32(await self.priority(of: name) ?? -1) }
        guard (0..<ZramExtras.maxCompressors).contains(Int(priority)), !hasDictionary else { throw .invalidArgument }
        await extras.update { $0.levels[Int(priority)] = level }
        return bytes.count
    }

    /// The lowest priority that has the compressor.
    func priority(of name: String, from first: Int = 0) async -> Int? {
        if first == 0, await compressor.load() == name { return 0 }
        return await extras.load().names.filter { $0.value == name && $0.key >= first }.keys.min()
    }

    /// The kernel's `__comp_algorithm_show`. 5.15 takes what the crypto API has, but lists only what it knows.
    private func list(chosen: String) -> String {
        let unlisted = driver.abi == .v5_15 ? ["deflate"] : []
        return driver.algorithms.filter { !unlisted.contains($0) || $0 == chosen }
            .map { $0 == chosen ? "[\($0)] " : "\($0) " }.joined() + "\n"
    }

    /// The kernel's `__comp_algorithm_store`.
    private func setAlgorithm(_ bytes: ArraySlice<UInt8>, priority: Int) async throws(Errno) {
        var text = bytes
        if driver.abi == .v6_18, text.count >= Self.maxName { throw .argListTooLong }
        text = text.prefix(Self.maxName - 1)
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        let name = String(decoding: text, as: UTF8.self)
        kernel.spend("crypto_has_alg")
        guard driver.isAvailable(name) else { throw .invalidArgument }
        try await initLock.withWrite { () async throws(Errno) in
            if isInitialised, !mutated("comp_algorithm does not look whether there is a size") {
                log(.info, "Can't change algorithm for initialized device")
                throw .resourceBusy
            }
            if priority == 0 {
                await compressor.store(name)
            } else {
                await extras.update { $0.names[priority] = name }
            }
        }
    }
}
