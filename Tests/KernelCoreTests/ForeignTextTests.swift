import KernelCore
import Testing

@Suite struct ForeignTextTests {
    @Test func aNameIsOneWordOfPrintableASCII() {
        #expect(ForeignText.name("kworker/0:1".utf8) == "kworker/0:1")
        #expect(ForeignText.name("a b\n\u{1b}[2J\\".utf8) == #"a\040b\012\033[2J\134"#)
        #expect(ForeignText.name([0xff, 0x80, 0x41]) == #"\377\200A"#)
        #expect(ForeignText.name("é".utf8) == #"\303\251"#)
    }

    @Test func shownTextMovesNoCursor() {
        #expect(ForeignText.shown("a b\tc\n") == #"a b\011c\012"#)
        #expect(ForeignText.shown("a b\tc\n\u{1b}]0;x\u{7}", keepingLines: true) == "a b\tc\n\\033]0;x\\007")
        #expect(ForeignText.shown("a\rb\u{7f}\u{9b}2J") == #"a\015b\177\302\2332J"#)
        #expect(ForeignText.shown("a\u{202e}b") == #"a\342\200\256b"#)
        #expect(ForeignText.shown("ë \\ 日本") == "ë \\ 日本")
    }
}
