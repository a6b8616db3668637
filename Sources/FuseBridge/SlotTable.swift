/// Things by number, where a number that was given back is never taken for its successor. Numbers begin at 1.
struct SlotTable<Element> {
    private var slots: [(element: Element?, generation: UInt32)] = []
    private var free: [Int] = []

    /// Adds an element and numbers it.
    mutating func insert(_ element: Element) -> UInt64 {
        if let place = free.popLast() {
            slots[place].element = element
            return number(place)
        }
        slots.append((element, 0))
        return number(slots.count - 1)
    }

    /// The element of that number, if it is still there.
    subscript(number: UInt64) -> Element? { place(number).flatMap { slots[$0].element } }

    /// Takes the element out.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Element? {
        guard let place = place(number), let element = slots[place].element else { return nil }
        slots[place] = (nil, slots[place].generation &+ 1)
        free.append(place)
        return element
    }

    /// Takes all of them out.
    mutating func removeAll() {
        for place in slots.indices where slots[place].element != nil { remove(number(place)) }
    }

    /// All elements, in no order that means anything.
    var elements: [Element] { slots.compactMap(\.element) }

    private func number(_ place: Int) -> UInt64 { UInt64(slots[place].generation) << 32 | UInt64(place + 1) }

    private func place(_ number: UInt64) -> Int? {
        let place = Int(number & 0xffff_ffff) - 1
        guard slots.indices.contains(place), slots[place].generation == UInt32(number >> 32) else { return nil }
        return place
    }
}
