import Glibc
import HostGuard
import KernelModule
import Machine

/// The stand-ins for modprobe and the like: what names something simulated they do, all else the host's own program does.
extension ViewTool {
    /// The modules of the simulated kernel.
    static let modules = ModuleNames(Machine.modules.map(\.name))

    /// Does it, and ends the process.
    func run(_ arguments: [String]) -> Never {
        let names = Self.modules
        let status: Int32
        switch self {
        case .modprobe:
            let options = getenv("MODPROBE_OPTIONS").map { String(cString: $0) } ?? ""
            status = ModuleTool(self).run(.modprobe(arguments, environment: options, names))
        case .insmod: status = ModuleTool(self).run(.insmod(arguments, names, moduleInFile: Self.module(inFile:)))
        case .rmmod: status = ModuleTool(self).run(.rmmod(arguments, names))
        case .modinfo: status = ModuleTool(self).run(.modinfo(arguments, names))
        case .lsmod: status = ModuleList.print(from: ViewPlace.mount + "/view/proc-modules")
        case .swapon: status = SwapTool(self).run(.swapon(arguments, SwapDisks()))
        case .swapoff: status = SwapTool(self).run(.swapoff(arguments, SwapDisks()))
        case .dmesg: status = KernelLogTool.run(arguments)
        }
        exit(status)
    }

    /// The module that is in a file, whatever the file is called.
    private static func module(inFile path: String) -> String? {
        if let real = realpath(path, nil) {
            defer { free(real) }
            if let ours = modules.module(String(cString: real)) { return ours }
        }
        let said = HostProgram(name: "modinfo").output(["-F", "name", "--", path])
        return said.split(separator: "\n").first.map(String.init)
    }
}
