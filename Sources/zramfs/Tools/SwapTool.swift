import Glibc
import HostGuard
import Machine
import SystemPackage

/// swapon and swapoff: the disks are swap space of the simulated kernel alone.
///
/// Never of the host's, block devices or not: its swap space is no namespace's, outlives whoever gave it, and pages that
/// were written to a server that is gone are lost.
struct SwapTool {
    private let tool: ViewTool

    init(_ tool: ViewTool) { self.tool = tool }

    /// - Returns: the exit status: of the last step that failed.
    func run(_ call: SwapCall) -> Int32 {
        var status: Int32 = 0
        for step in call.steps {
            let one = take(step)
            if one != 0 { status = one }
        }
        return status
    }

    private func take(_ step: SwapCall.Step) -> Int32 {
        switch step {
        case .on(let disk, let priority, let mayBeMissing):
            if mayBeMissing, access("/dev/\(disk)", F_OK) != 0 { return 0 }
            guard SwapDisks.header(of: disk)?.isSwap != false else {
                Terminal.error("swapon: /dev/\(disk): read swap header failed")
                return 255
            }
            return write("\(disk) \(priority ?? -2)", disk)
        case .off(let disk): return write(disk, disk)
        case .list:
            guard let text = try? String(contentsOfFile: ViewPlace.mount + "/view/proc-swaps") else { return 1 }
            print(text, terminator: "")
        case .host(let arguments): return HostProgram(name: tool.rawValue).run(arguments)
        case .leave: Terminal.error("\(tool.rawValue): the host's own swap space is left as it is")
        case .refuse(let why):
            if !why.isEmpty { Terminal.error(why) }
            return 1
        }
        return 0
    }

    private func write(_ text: String, _ disk: String) -> Int32 {
        do throws(Errno) { try Knob.write(text, to: "\(ViewPlace.mount)/view/\(tool.rawValue)") } catch {
            Terminal.error("\(tool.rawValue): /dev/\(disk): \(tool.rawValue) failed: \(error)")
            return 255
        }
        return 0
    }
}
