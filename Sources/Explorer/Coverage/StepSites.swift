import Foundation

/// The lines of the simulated kernel that have a step, read off its sources.
///
/// What takes a step for its caller has the caller's line as an argument, `_ file: StaticString = #fileID`: so a line has
/// one if it calls such a function. A test holds this against the lines at which explorations take some.
struct StepSites {
    /// The lines as `FOLDER/FILE:LINE`.
    private(set) var lines: Set<String> = []

    private static let folders = ["CPUHotplug", "DriverModel", "KernelModule", "Kernfs", "Specimens", "Zram"]
    /// Methods of attributes and modules that have the name of a variable's.
    private static let others = ["ops.", "code?.", "sysfs?.", "driver."]

    /// - Parameters:
    ///   - sources: the folder `Sources`.
    ///   - modules: whose drivers count, beside the layers below.
    init(_ sources: String, of modules: Set<String>) {
        var files: [(name: String, text: [Substring])] = []
        for folder in Self.folders + ["KernelCore"] {
            for file in (try? FileManager.default.contentsOfDirectory(atPath: "\(sources)/\(folder)")) ?? [] {
                guard file.hasSuffix(".swift"),
                    let text = try? String(contentsOfFile: "\(sources)/\(folder)/\(file)", encoding: .utf8)
                else { continue }
                files.append(("\(folder)/\(file)", text.split(separator: "\n", omittingEmptySubsequences: false)))
            }
        }
        let names = files.reduce(into: Set<String>()) { $0.formUnion(Self.names($1.text)) }
        for file in files where Self.belongs(file.name, modules) {
            for (place, line) in file.text.enumerated() where Self.hasStep(line, names) {
                lines.insert("\(file.name):\(place + 1)")
            }
        }
    }

    /// The functions that take a step for their callers.
    private static func names(_ text: [Substring]) -> Set<String> {
        var names: Set<String> = []
        for place in text.indices where text[place].contains("= #fileID") {
            for line in text[max(0, place - 3)...place].reversed() {
                guard let start = line.range(of: "func ") else { continue }
                names.insert(String(line[start.upperBound...].prefix { $0.isLetter || $0.isNumber }))
                break
            }
        }
        return names.subtracting(["enter"])
    }

    /// A driver's files are named after its module: `TestSysfs+Device.swift` is `test_sysfs`.
    private static func belongs(_ file: String, _ modules: Set<String>) -> Bool {
        let parts = file.split(separator: "/")
        switch parts[0] {
        case "KernelCore": return false
        case "Zram": return modules.contains("zram")
        case "Specimens":
            let stem = parts[1].prefix { $0 != "." && $0 != "+" }.lowercased()
            return modules.contains { $0.replacing("_", with: "") == stem }
        default: return true
        }
    }

    /// Who only hands its caller's line on has none of its own.
    private static func hasStep(_ line: Substring, _ names: Set<String>) -> Bool {
        let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
        guard let start = code.range(of: "await "), !code.contains("file, line") else { return false }
        if code[start.upperBound...].contains("#fileID") { return true }
        var rest = code[start.upperBound...]
        while let dot = rest.firstIndex(of: ".") {
            let before = rest[...dot]
            rest = rest[rest.index(after: dot)...]
            let name = String(rest.prefix { $0.isLetter || $0.isNumber })
            let behind = rest.dropFirst(name.count).first
            guard names.contains(name), behind == "(" || behind == " ",
                !others.contains(where: before.hasSuffix) || !["load", "store", "update", "remove"].contains(name)
            else { continue }
            return true
        }
        return false
    }
}
