import SystemPackage
import Testing

@testable import KernelCore

@Suite("Parsers")
struct ParseTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "kstrtou16",
        arguments: [
            ("1", 1), ("1\n", 1), ("+1", 1), ("01", 1), ("65535", 65535), ("0", 0), ("1\0junk", 1),
        ])
    func good(text: String, value: UInt16) throws { #expect(try Parse.unsigned(bytes(text)) == value) }

    @Test(
        "kstrtou16 refuses",
        arguments: [
            ("", Errno.invalidArgument), ("\n", .invalidArgument), (" 1", .invalidArgument), ("1 ", .invalidArgument),
            ("1\n\n", .invalidArgument), ("-1", .invalidArgument), ("-0", .invalidArgument), ("0x1", .invalidArgument),
            ("x", .invalidArgument), ("65536", .outOfRange), ("99999999999999999999999", .outOfRange),
            ("99999999999999999999999x", .invalidArgument), ("+", .invalidArgument),
        ])
    func bad(text: String, errno: Errno) {
        #expect(throws: errno) { let _: UInt16 = try Parse.unsigned(bytes(text)) }
    }

    @Test("kstrtoint", arguments: [("-1", -1), ("2147483647", 2_147_483_647), ("-2147483648\n", -2_147_483_648)])
    func signed(text: String, value: Int32) throws { #expect(try Parse.signed(bytes(text)) == value) }

    @Test("kstrtoint overflows", arguments: ["2147483648", "-2147483649"])
    func overflow(text: String) {
        #expect(throws: Errno.outOfRange) { let _: Int32 = try Parse.signed(bytes(text)) }
    }

    @Test("base 0 knows C's prefixes", arguments: [("0x10", 16), ("010", 8), ("0", 0), ("10", 10), ("0X1f\n", 31)])
    func prefixes(text: String, value: UInt64) throws { #expect(try Parse.unsigned(bytes(text), base: 0) == value) }

    @Test(
        "memparse is lenient",
        arguments: [
            ("64M", 64 << 20), ("64m junk", 64 << 20), ("64MiB", 64 << 20), ("1.5M", 1), ("64 M", 64), ("0x10", 16),
            ("010", 8), ("08M", 0), (" 1", 0), ("-1", 0), ("", 0), ("1K", 1024), ("1e6", 1 << 60), ("16E", 0),
            ("18446744073709551617", 1), ("0xg", 0),
        ])
    func memory(text: String, value: UInt64) { #expect(Parse.memory(bytes(text)).value == value) }

    @Test("memparse says whether it saw anything", arguments: [("0", true), ("K", true), ("x", false), ("", false)])
    func seen(text: String, isParsed: Bool) { #expect(Parse.memory(bytes(text)).isParsed == isParsed) }

    @Test(
        "sysfs_streq", arguments: [("all", true), ("all\n", true), ("all\n\n", false), ("al", false), ("alls", false)])
    func equality(text: String, isEqual: Bool) { #expect(Parse.equals(bytes(text), "all") == isEqual) }

    @Test(
        "kstrtobool", arguments: [("1", true), ("y", true), ("on", true), ("0", false), ("N\n", false), ("off", false)])
    func truth(text: String, value: Bool) throws { #expect(try Parse.bool(bytes(text)) == value) }

    @Test("kstrtobool refuses", arguments: ["", "2", "o", "ox"])
    func noTruth(text: String) { #expect(throws: Errno.invalidArgument) { try Parse.bool(bytes(text)) } }
}
