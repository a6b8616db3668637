import KernelCore
import SystemPackage

/// The parameters of a loaded module, and their values.
///
/// Reading one is no step of its own: as a plain word it is read together with what the code does next.
public final class ModuleParameters: KernelObject {
    /// What there is.
    public let known: [ModuleParameter]
    private var values: [UInt32]

    init(_ known: [ModuleParameter], kernel: Kernel) {
        self.known = known
        values = known.map { if case .uint(let value) = $0.kind { value } else { 0 } }
        super.init(kernel: kernel, name: "parameters")
    }

    /// The value of a number; 1 for a switch that is on. The module knows the names of its own.
    public func number(_ name: String) -> UInt32 {
        guard let place = known.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("a module has no parameter \(name)")
        }
        kernel.current.observe(UInt64(values[place]))
        noteRead()
        return values[place]
    }

    /// True if a switch is on.
    public func isOn(_ name: String) -> Bool { number(name) != 0 }

    /// The value as its file shows it.
    public func text(_ parameter: ModuleParameter) -> String {
        let value = number(parameter.name)
        return if case .uint = parameter.kind { "\(value)\n" } else { value == 0 ? "N\n" : "Y\n" }
    }

    /// Takes a new value.
    ///
    /// - Parameter bytes: nil for a name without a value, which switches a switch on.
    /// - Throws: `EINVAL` for what is no such value; `ERANGE` for a number that does not fit; `EROFS` for a switch that
    ///   is to be switched off.
    ///
    /// The corresponding kernel functions are `param_set_uint` and `param_set_bool_enable_only`.
    public func set(_ parameter: ModuleParameter, _ bytes: [UInt8]?) throws(Errno) {
        guard let place = known.firstIndex(where: { $0.name == parameter.name }) else { throw .noSuchFileOrDirectory }
        var new: UInt32 = 1
        switch parameter.kind {
        case .uint:
            guard let bytes else { throw .invalidArgument }
            new = try Parse.unsigned(bytes, base: 0)
        case .enableOnly:
            if let bytes { new = try Parse.bool(bytes) ? 1 : 0 }
            if values[place] == 1, new == 0 { throw .readOnlyFileSystem }
        }
        changed(UInt64(place), from: UInt64(values[place]), to: UInt64(new))
        values[place] = new
    }

    /// Takes the words of a command line; the kernel's `parse_args`.
    ///
    /// - Throws: as `set`, after the kernel's complaint in the log; a name that the module does not know is only logged.
    func parse(_ words: [String], of module: String) throws(Errno) {
        for word in words {
            let parts = word.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                .map { String(Substring($0)) }
            // As the kernel's parameq, which takes "-" for "_".
            let name = parts[0].utf8.lazy.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
            guard let parameter = known.first(where: { $0.name.utf8.elementsEqual(name) }) else {
                kernel.log.print(.warning, "\(module): unknown parameter '\(parts[0])' ignored")
                continue
            }
            do throws(Errno) {
                try set(parameter, parts.count > 1 ? Array(parts[1].utf8) : nil)
            } catch {
                kernel.log.print(
                    .error, "\(module): `\(parts.count > 1 ? parts[1] : "")' invalid for parameter `\(parts[0])'")
                throw error
            }
        }
    }
}
