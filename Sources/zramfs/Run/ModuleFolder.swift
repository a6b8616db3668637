import CRunShims
import Glibc
import KernelModule
import Machine

/// `/lib/modules/RELEASE` as programs look for it: a `modules.dep` that names the simulated kernel's modules.
enum ModuleFolder {
    private static let files = [
        "modules.dep": Machine.modules.map { "kernel/\($0.file):\n" }.joined(),
        "modules.alias": "", "modules.symbols": "", "modules.builtin": "",
        "modules.order": Machine.modules.map { "kernel/\($0.file)\n" }.joined(),
    ]

    /// Lays it over the host's; a host that refuses keeps its own.
    ///
    /// - Parameter base: a folder that the namespace alone sees.
    static func show(_ base: String) {
        var names = utsname()
        uname(&names)
        let release = withUnsafePointer(to: &names.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
        }
        // A folder can be laid over only what exists: the nearest parent.
        var missing = ["modules", release]
        var place = "/lib"
        while let next = missing.first, access("\(place)/\(next)", F_OK) == 0 {
            place += "/\(next)"
            missing.removeFirst()
        }
        let folder = base + "/modules"
        let bottom = ([folder] + missing).joined(separator: "/")
        for module in Machine.modules { make("\(bottom)/kernel/\(module.folder)") }
        for (name, text) in files where access("\(place)/\(name)", F_OK) != 0 || missing.count > 0 {
            write(text, to: "\(bottom)/\(name)")
        }
        for module in Machine.modules { write("", to: "\(bottom)/kernel/\(module.file)") }
        _ = zr_mount_overlay(folder, place, place)
    }

    private static func make(_ path: String) {
        var here = ""
        for name in path.split(separator: "/") {
            here += "/\(name)"
            mkdir(here, 0o755)
        }
    }

    private static func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        _ = Glibc.write(file, text, text.utf8.count)
        close(file)
    }
}
