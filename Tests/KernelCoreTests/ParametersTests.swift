import Testing

@testable import KernelCore

@Suite("name=value parameters, as next_arg splits them") struct ParametersTests {
    private func parsed(_ text: String) -> [String] {
        Parse.parameters(Array(text.utf8)).map { $0.name + ($0.value.map { "=<\($0)>" } ?? "") }
    }

    @Test("blanks part words, a word may have no value") func words() {
        #expect(parsed("  type=idle  huge\tthreshold=30\n") == ["type=<idle>", "huge", "threshold=<30>"])
        #expect(parsed("") == [])
        #expect(parsed("\n") == [])
        #expect(parsed("a= b=c=d") == ["a=<>", "b=<c=d>"])
        #expect(parsed("=x") == ["=x"])
    }

    @Test("quotes keep blanks and are dropped") func quotes() {
        #expect(parsed("\"level=1\"") == ["level=<1>"])
        #expect(parsed("algo=\"two words\" b=1") == ["algo=<two words>", "b=<1>"])
    }
}
