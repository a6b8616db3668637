import KernelCore

/// A place in a function as the kernel prints it: `reset_store+0x52/0xf0 [zram]`.
///
/// Offset and size are made up, but always the same for a function: tools that read the kernel's reports expect them.
public struct Symbol {
    /// The function in the kernel's spelling.
    public let function: String
    /// The module that it belongs to; nil for the kernel's own.
    public let module: String?

    /// A function of the kernel itself.
    public init(_ function: String) {
        self.function = function
        module = nil
    }

    /// A function of the simulated kernel, by its Swift name and file.
    public init(_ function: StaticString, _ file: StaticString) {
        self.function = KernelName.snake(function)
        module = Self.exported.contains(self.function) ? nil : Self.module(of: file)
    }

    /// A function of the simulated kernel.
    public init(_ frame: Frame) { self.init(frame.function, frame.file) }

    /// The text: with offset, size and module.
    public var text: String {
        let hash = function.fingerprint
        let size = ((hash >> 16) % 60 + 4) << 4
        let offset = 1 + hash % (size - 1)
        return "\(function)+0x\(Text.hex(offset))/0x\(Text.hex(size))" + (module.map { " [\($0)]" } ?? "")
    }

    /// Functions of the kernel that a driver's source enters by name.
    private static let exported: Set<String> = ["idr_for_each", "fsync_bdev", "sync_blockdev"]

    /// The module whose source the file is (`#fileID`): target `Zram` is zram's, each file of `Specimens` is a driver's.
    static func module(of file: StaticString) -> String? {
        let parts = "\(file)".split(separator: "/")
        switch parts.first {
        case "Zram": return "zram"
        case "Specimens": return parts.last.map { KernelName.snake(String($0.prefix { $0 != "." && $0 != "+" })) }
        default: return nil
        }
    }
}
