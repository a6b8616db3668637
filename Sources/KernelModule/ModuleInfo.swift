/// What is known of a module before it is loaded: what `modinfo` prints.
public struct ModuleInfo: Sendable {
    /// The name, e.g. `zram`.
    public let name: String
    /// Where it lies below `kernel/` of a folder of modules, without the file, e.g. `drivers/block/zram`.
    public let folder: String
    /// Bytes, for `/proc/modules` and `coresize`.
    public let size: Int
    /// What it is, in a line.
    public let description: String
    /// As `MODULE_LICENSE`.
    public let license: String
    /// What may be said when it is loaded; anything else is ignored with a log line, as the kernel does.
    public let parameters: [ModuleParameter]

    /// Describes a module.
    public init(
        name: String, folder: String, size: Int, description: String, license: String = "GPL",
        parameters: [ModuleParameter] = []
    ) {
        self.name = name
        self.folder = folder
        self.size = size
        self.description = description
        self.license = license
        self.parameters = parameters
    }

    /// The file below `kernel/`, e.g. `drivers/block/zram/zram.ko`.
    public var file: String { "\(folder)/\(name).ko" }
}

/// A parameter of a module. The kernel's `module_param`.
public struct ModuleParameter: Sendable {
    /// What it takes.
    public enum Kind: Sendable {
        /// A number in any base, 32 bits; with its default. The kernel's `uint`.
        case uint(UInt32)
        /// Off until somebody switches it on, which nobody takes back. The kernel's `bool_enable_only`.
        case enableOnly
    }

    /// The name.
    public let name: String
    /// What it takes.
    public let kind: Kind
    /// The mode of its file in `parameters`; 0: it has none.
    public let mode: UInt16
    /// As `MODULE_PARM_DESC`.
    public let summary: String

    /// Describes a parameter.
    public init(_ name: String, _ kind: Kind, mode: UInt16 = 0, _ summary: String) {
        self.name = name
        self.kind = kind
        self.mode = mode
        self.summary = summary
    }

    /// The type, as `modinfo` prints it.
    public var type: String { if case .uint = kind { "uint" } else { "bool" } }
}
