import Dispatch
import Synchronization

/// Runs `body` for each number, so many at once, and gathers the results in order.
public func inParallel<R: Sendable>(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> R) -> [R] {
    let next = Atomic(0)
    let results = Mutex<[Int: R]>([:])
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
        while true {
            let place = next.add(1, ordering: .relaxed).oldValue
            guard place < count else { return }
            let result = body(place)
            results.withLock { $0[place] = result }
        }
    }
    return results.withLock { gathered in (0..<count).map { gathered[$0]! } }
}
