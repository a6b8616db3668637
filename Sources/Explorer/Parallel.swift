import Dispatch
import Synchronization

/// Counts from one, on many threads.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}

/// Runs `body` for each number, so many at once, and gathers the results in order.
func parallel<R: Sendable>(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> R) -> [R] {
    let next = Counter()
    let results = Synchronization.Mutex<[Int: R]>([:])
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
        while true {
            let place = next.next() - 1
            guard place < count else { return }
            let result = body(place)
            results.withLock { $0[place] = result }
        }
    }
    return results.withLock { gathered in (0..<count).map { gathered[$0]! } }
}
