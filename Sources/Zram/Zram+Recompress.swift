import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// The kernel's `huge_class_size`: pages whose compressed form is as long are stored raw.
    static let hugeClassSize: UInt32 = 3264

    /// What the text of a recompression asks for.
    private struct Recompression {
        var filter = ZramPageFilter()
        var threshold: UInt32 = 0
        var maxPages = UInt64.max
        var name: String?
        var priorities = 1..<ZramExtras.maxCompressors

        /// - Throws: `EINVAL` for a word without a value and a threshold that no page reaches; what a number says.
        init(_ bytes: [UInt8]) throws(Errno) {
            for (key, value) in Parse.parameters(bytes) {
                guard let value, !value.isEmpty else { throw .invalidArgument }
                switch key {
                case "type":
                    if value == "idle" || value == "huge_idle" { filter.isIdle = true }
                    if value == "huge" || value == "huge_idle" { filter.isHuge = true }
                case "max_pages": maxPages = try Parse.unsigned(Array(value.utf8))
                case "threshold": threshold = try Parse.unsigned(Array(value.utf8))
                case "algo": name = value
                case "priority":
                    let asked: UInt32 = try Parse.unsigned(Array(value.utf8))
                    let priority = max(Int(asked), 1)
                    priorities = priority..<(priority + 1)
                default: break
                }
            }
            guard threshold < Zram.hugeClassSize else { throw .invalidArgument }
        }
    }

    /// Compresses pages anew with secondary compressors: `type= threshold= algo= priority= max_pages=`.
    ///
    /// - Throws: `EINVAL` for a bad text, before a disksize is set, for a compressor that is not configured; `EAGAIN`
    ///   while another one runs; the error of a page that could not be read.
    func recompressStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("recompress_store")
        defer { kernel.leave() }
        var request = try Recompression(bytes)
        try await initLock.withRead { () async throws(Errno) in
            guard isInitialised else { throw .invalidArgument }
            try await whileProcessing { () async throws(Errno) in
                if let name = request.name {
                    guard let priority = await self.priority(of: name, from: request.priorities.lowerBound) else {
                        throw .invalidArgument
                    }
                    request.priorities = priority..<(priority + 1)
                }
                // As in the kernel the count of the compressors bounds the priorities.
                let end = min(request.priorities.upperBound, await extras.load().comps.count + 1)
                guard request.priorities.lowerBound < end else { throw .invalidArgument }
                request.priorities = request.priorities.lowerBound..<end
                request.filter.belowPriority = end
                try await recompress(request)
            }
        }
        return bytes.count
    }

    private func recompress(_ request: Recompression) async throws(Errno) {
        guard let pool = await pool() else { return }
        var left = request.maxPages
        var pause = Pause(kernel)
        var selection = ZramPageSelection()
        selection.filter = request.filter
        for (page, _) in pool.select([selection]) {
            if left == 0 { break }
            let isTried = try pool.recompress(
                page: page, filter: request.filter, threshold: request.threshold, priorities: request.priorities)
            if isTried { left -= 1 }
            await pause.ifDue()
        }
    }

    /// Runs one post-processing at a time: 6.18's `pp_in_progress`.
    ///
    /// - Throws: `EAGAIN` while another one runs.
    func whileProcessing<R>(_ body: () async throws(Errno) -> R) async throws(Errno) -> R {
        var isMine = false
        await extras.update { extras in
            isMine = !extras.isProcessing
            extras.isProcessing = true
        }
        guard isMine || kernel.isHalting else { throw .resourceTemporarilyUnavailable }
        do throws(Errno) {
            let result = try await body()
            await extras.update { $0.isProcessing = false }
            return result
        } catch {
            await extras.update { $0.isProcessing = false }
            throw error
        }
    }
}

/// Lets the tasks of other processes run during long work. The kernel's `cond_resched`.
struct Pause {
    private let kernel: Kernel
    private var since: UInt64

    init(_ kernel: Kernel) {
        self.kernel = kernel
        since = kernel.now
    }

    /// Sleeps for a millisecond if 20 have passed.
    mutating func ifDue() async {
        guard kernel.now - since > 20_000_000 else { return }
        await Timer.sleep(kernel, milliseconds: 1)
        since = kernel.now
    }
}
