import Testing

@testable import FuseBridge

@Suite("Signals for transfers")
struct InterruptTests {
    @Test("a signal finds the call that waits")
    func waiting() {
        var interrupts = Interrupts()
        let known = [interrupts.insert(7, ticket: 70), interrupts.insert(8, ticket: 80)]
        #expect(known == [false, false])
        let found = [interrupts.interrupted(7), interrupts.interrupted(7), interrupts.interrupted(8)]
        #expect(found == [70, 70, 80], "it may get more than one")
        interrupts.remove(7)
        let after = [interrupts.interrupted(7), interrupts.interrupted(8)]
        #expect(after == [nil, 80])
    }

    @Test("a signal that comes before its call waits is not lost")
    func early() {
        var interrupts = Interrupts()
        let found = (UInt64(1)...300).compactMap { interrupts.interrupted($0) }
        #expect(found.isEmpty)
        let known = [300, 45, 44, 301].map { interrupts.insert($0, ticket: $0) }
        #expect(known == [true, true, false, false], "the last 256 are kept, and no more")
    }
}
