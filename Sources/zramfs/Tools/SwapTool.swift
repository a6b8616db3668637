import Glibc
import Machine
import SystemPackage

/// swapon and swapoff: the disks are swap space of the simulated kernel alone.
///
/// Never of the host's, block devices or not: its swap space is no namespace's, outlives whoever gave it, and pages that
/// were written to a server that is gone are lost.
struct SwapTool {
    private let tool: ViewTool
    private let arguments: [String]

    init(_ tool: ViewTool, _ arguments: [String]) {
        self.tool = tool
        self.arguments = arguments
    }

    /// - Returns: the exit status.
    func run() -> Int32 {
        var disks: [String] = []
        var priority: String?
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "-p" || word == "--priority" {
                priority = rest.popFirst()
            } else if let disk = Self.disk(word) {
                disks.append(disk)
            }
        }
        if tool == .swapon, arguments.isEmpty || arguments.contains("-s") || arguments.contains("--summary") {
            return Self.list()
        }
        guard !disks.isEmpty else { return tool.pass(arguments) }
        var status: Int32 = 0
        for disk in disks {
            do throws(Errno) {
                if tool == .swapon {
                    guard Self.isSwap(disk) else {
                        Terminal.error("swapon: /dev/\(disk): read swap header failed")
                        status = 255
                        continue
                    }
                    try Knob.write("\(disk) \(priority ?? "-2")", to: ViewPlace.mount + "/view/swapon")
                } else {
                    try Knob.write(disk, to: ViewPlace.mount + "/view/swapoff")
                }
            } catch {
                Terminal.error("\(tool.rawValue): /dev/\(disk): \(tool.rawValue) failed: \(error)")
                status = 255
            }
        }
        return status
    }

    /// `zram0` for `/dev/zram0`, there or not.
    private static func disk(_ path: String) -> String? {
        path.hasPrefix("/dev/zram") ? String(path.dropFirst("/dev/".count)) : nil
    }

    /// mkswap was there: its signature ends the first page.
    private static func isSwap(_ disk: String) -> Bool {
        let file = open("/dev/\(disk)", O_RDONLY | O_CLOEXEC)
        // What is not there is for the knob to say.
        guard file >= 0 else { return true }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 10)
        return pread(file, &bytes, 10, 4086) == 10 && String(decoding: bytes, as: UTF8.self) == "SWAPSPACE2"
    }

    private static func list() -> Int32 {
        guard let text = try? String(contentsOfFile: ViewPlace.mount + "/view/proc-swaps") else { return 1 }
        print(text, terminator: "")
        return 0
    }
}
