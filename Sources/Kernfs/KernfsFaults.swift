import KernelCore

/// Fault injection into attribute writes: `CONFIG_FAIL_KERNFS_KNOBS` of the patch series (v8 4/12).
///
/// It never fails a write; it makes the write wait at one of four places for a completion, at most three seconds, and
/// then sleep a little longer.
public final class KernfsFaults {
    /// The places in `kernfs_fop_write_iter`.
    public enum Place: String, CaseIterable, Sendable {
        case atStart = "wait_at_start"
        case beforeMutex = "wait_before_mutex"
        case afterMutex = "wait_after_mutex"
        case afterActive = "wait_after_active"
    }

    /// The places that wait, `config_fail_kernfs_fop_write_iter/wait_*`.
    public var waits: Set<Place> = []
    /// Milliseconds of sleep behind the wait, `sleep_after_wait_ms`.
    public var sleepAfterWait: UInt64 = 100
    /// Every how many calls fail, `interval`.
    public var interval: UInt64 = 1
    /// Percent of the calls, `probability`.
    public var probability: UInt64 = 0
    /// Calls that pass before any fails, `space`.
    public var space: UInt64 = 0
    /// How many more may fail, -1 without end, `times`.
    public var times: Int64 = 1
    /// Only tasks that asked for it by `/proc/PID/make-it-fail` fail, `task-filter`: nobody can ask here.
    public var taskFilter = false
    /// Messages that `verbose` lets through at once, `verbose_ratelimit_burst`; kept, nothing is limited here.
    public var verboseRatelimitBurst: UInt64 = 10
    /// In so many milliseconds, `verbose_ratelimit_interval_ms`; kept, nothing is limited here.
    public var verboseRatelimitInterval: UInt64 = 0
    /// How chatty, `verbose`.
    public var verbose: UInt64 = 2
    /// `kernfs_debug_wait_completion`: who removes the device completes it first.
    public let completion: Completion
    private let kernel: Kernel
    private var calls: UInt64 = 0
    private var random: UInt64 = 0x2545_f491_4f6c_dd1d

    init(kernel: Kernel) {
        self.kernel = kernel
        completion = Completion(kernel: kernel, name: "kernfs_debug_wait_completion")
    }

    /// Waits if the knob of the place is set and it is this call's turn. The series' `may_wait_kernfs_debug`.
    @inline(__always)
    func mayWait(_ place: Place) async {
        if !waits.isEmpty { await wait(place) }
    }

    private func wait(_ place: Place) async {
        guard waits.contains(place), shouldFail() else { return }
        let function = "kernfs_debug_should_wait_kernfs_fop_write_iter"
        kernel.log.print(.info, "\(function): \(place.rawValue)")
        let left = await completion.wait(milliseconds: 3000)
        if left > 0 {
            kernel.log.print(.info, "\(function): received completion with time left on timeout \(left) ms")
        } else {
            kernel.log.print(.info, "\(function): wait for completion timed out")
        }
        await Timer.sleep(kernel, milliseconds: sleepAfterWait)
        kernel.log.print(.info, "\(function): \(place.rawValue) ended")
    }

    /// The kernel's `should_fail`, with a random generator that repeats from boot to boot.
    private func shouldFail() -> Bool {
        guard probability > 0, times != 0, !taskFilter else { return false }
        if space > 0 {
            space -= 1
            return false
        }
        calls += 1
        guard interval <= 1 || calls.isMultiple(of: interval) else { return false }
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        guard random % 100 < probability else { return false }
        if times > 0 { times -= 1 }
        return true
    }
}
