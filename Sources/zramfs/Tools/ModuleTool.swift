import Glibc
import HostGuard
import KernelModule
import Machine
import SystemPackage

/// modprobe, insmod, rmmod and modinfo: takes the steps of a call.
struct ModuleTool {
    private let tool: ViewTool
    private let host: HostProgram

    init(_ tool: ViewTool) {
        self.tool = tool
        host = HostProgram(name: tool.rawValue)
    }

    /// - Returns: the exit status: of the last step that failed.
    func run(_ call: ModuleCall) -> Int32 {
        var status: Int32 = 0
        for step in call.steps {
            let one = take(step, call)
            if one != 0 { status = one }
        }
        return status
    }

    private func take(_ step: ModuleCall.Step, _ call: ModuleCall) -> Int32 {
        switch step {
        case .load(let module, let said, let parameters):
            let error = write(([module] + parameters).joined(separator: " "), to: "init_module")
            return judge(error.flatMap { loading(said, $0, call) }, call)
        case .remove(let module, let force):
            let error = write(force ? "\(module) force" : module, to: "delete_module")
            return judge(error.flatMap { removing(module, $0, call) }, call)
        case .showLoading(let module, let parameters):
            guard let info = Self.info(module) else { return 1 }
            print((["insmod", Self.file(info)] + parameters).joined(separator: " "))
        case .showName(let module): print(module)
        case .showInfo(let module, let field): Self.info(module).map { show($0, field) }
        case .nothing: break
        case .host(let arguments): return leave(arguments)
        case .refuse(let why):
            if !why.isEmpty { Terminal.error(why) }
            return 1
        }
        return 0
    }

    /// Has the host's own program do it; modprobe only if it says beforehand that it does nothing to a module of ours:
    /// the host's configuration knows aliases, dependencies and holders that we do not.
    private func leave(_ arguments: [String]) -> Int32 {
        if tool == .modprobe, let ours = ViewTool.modules.first(in: host.output(["-n", "-v"] + arguments)) {
            Terminal.error("modprobe: FATAL: the host's modprobe would go on to its own \(ours); refused in zramfs run")
            return 1
        }
        return host.run(arguments)
    }

    private func write(_ text: String, to name: String) -> Errno? {
        do throws(Errno) { try Knob.write(text, to: "\(ViewPlace.mount)/debug/\(name)") } catch { return error }
        return nil
    }

    private func judge(_ message: String?, _ call: ModuleCall) -> Int32 {
        guard let message else { return 0 }
        if !call.isQuiet { Terminal.error(message) }
        return 1
    }

    private func loading(_ name: String, _ error: Errno, _ call: ModuleCall) -> String? {
        if tool == .insmod { return "insmod: ERROR: could not insert module \(name): \(error)" }
        if error == .fileExists, !call.isFirstTime { return nil }
        return "modprobe: ERROR: could not insert '\(name)': \(error)"
    }

    private func removing(_ module: String, _ error: Errno, _ call: ModuleCall) -> String? {
        let isGone = error == .noSuchFileOrDirectory
        if tool == .rmmod {
            if isGone { return "rmmod: ERROR: Module \(module) is not currently loaded" }
            if error == .wouldBlock { return "rmmod: ERROR: Module \(module) is in use" }
            return "rmmod: ERROR: could not remove module \(module): \(error)"
        }
        if !isGone { return "modprobe: FATAL: Module \(module) is in use." }
        return call.isFirstTime ? "modprobe: FATAL: Module \(module) is not in kernel." : nil
    }

    private static func info(_ module: String) -> ModuleInfo? { Machine.modules.first { $0.name == module } }

    private static func file(_ info: ModuleInfo) -> String {
        var names = utsname()
        uname(&names)
        let release = withUnsafePointer(to: &names.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
        }
        return "/lib/modules/\(release)/kernel/\(info.file)"
    }

    private func show(_ info: ModuleInfo, _ wanted: String?) {
        let fields =
            [
                ("filename", Self.file(info)), ("description", info.description), ("license", info.license),
                ("depends", ""), ("name", info.name),
            ] + info.parameters.map { ("parm", "\($0.name):\($0.summary) (\($0.type))") }
        for (field, text) in fields {
            if let wanted {
                if field == wanted { print(text) }
            } else {
                print((field + ":").padding(16) + text)
            }
        }
    }
}
