import Dispatch
import Foundation
import Synchronization

/// Counts from one, on many threads.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}

/// Runs `body` on so many threads at once, also where there are fewer cores: those who wait for each other need all of
/// them. Returns when the last has ended.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
        group.enter()
        let thread = Thread {
            body(number)
            group.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    group.wait()
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
