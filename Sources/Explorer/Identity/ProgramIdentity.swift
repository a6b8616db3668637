import Foundation

/// Which program this is.
enum ProgramIdentity {
    /// Of a program that cannot read itself: equal to none, itself included.
    static let unknown = "unknown"
    /// The checksum of the executable's bytes: another build is another program, whatever its version says.
    static let text: String = {
        guard let data = try? Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped) else {
            return unknown
        }
        var sum = Checksum()
        data.withUnsafeBytes { sum.add($0) }
        return sum.text
    }()
}
