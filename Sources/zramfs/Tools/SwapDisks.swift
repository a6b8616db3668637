import CRunShims
import Glibc
import HostGuard
import Machine

/// Which disks of the view a path, a label or a line of fstab means.
struct SwapDisks: SwapCall.Disks {
    /// What mkswap wrote into the first page.
    struct Header {
        let isSwap: Bool
        let uuid: String
        let label: String
    }

    private let disks: [String]

    init() {
        var names: [String] = []
        if let stream = opendir("/dev") {
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if Self.isDisk(name) { names.append(name) }
            }
            closedir(stream)
        }
        disks = names.sorted()
    }

    private static func isDisk(_ name: some StringProtocol) -> Bool {
        name.hasPrefix("zram") && name.count > 4 && name.dropFirst(4).allSatisfy(\.isNumber)
    }

    func place(of path: String) -> SwapPlace {
        if let name = Self.plain(path) { return .disk(name) }
        var file = stat()
        guard stat(path, &file) == 0 else { return .host }
        if let disk = disks.first(where: { isSame(file, "/dev/\($0)") }) { return .disk(disk) }
        var mount = stat()
        if stat(ViewPlace.mount, &mount) == 0, file.st_dev == mount.st_dev {
            let last = Self.real(path)?.split(separator: "/").last ?? ""
            return Self.isDisk(last) ? .disk(String(last)) : .upon
        }
        return isUpon(file) ? .upon : .host
    }

    /// `/dev/zram0` by any name of its folder; the disk need not be there.
    private static func plain(_ path: String) -> String? {
        let last = path.split(separator: "/").last ?? ""
        guard isDisk(last), path.hasSuffix(last) else { return nil }
        let folder = path.contains("/") ? String(path.dropLast(last.count)) : "."
        return real(folder) == "/dev" ? String(last) : nil
    }

    private static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The same device, or the same file.
    private func isSame(_ file: stat, _ path: String) -> Bool {
        var disk = stat()
        guard stat(path, &disk) == 0 else { return false }
        if disk.st_mode & S_IFMT == S_IFBLK { return file.st_mode & S_IFMT == S_IFBLK && file.st_rdev == disk.st_rdev }
        return file.st_dev == disk.st_dev && file.st_ino == disk.st_ino
    }

    /// A file in a file system on a disk, or a loop device above one.
    private func isUpon(_ file: stat) -> Bool {
        let isDevice = file.st_mode & S_IFMT == S_IFBLK
        let device = isDevice ? file.st_rdev : file.st_dev
        if !isDevice, disks.contains(where: { isNode($0, of: device) }) { return true }
        var numbers: (major: UInt32, minor: UInt32) = (0, 0)
        zr_split_device(UInt64(device), &numbers.major, &numbers.minor)
        let backing = "/sys/dev/block/\(numbers.major):\(numbers.minor)/loop/backing_file"
        guard let text = try? String(contentsOfFile: backing) else { return false }
        let path = String(text.prefix { $0 != "\n" })
        // The daemon attaches its disks by names of its own.
        return path.contains("/view/backing/") || path.hasPrefix(ViewPlace.home) || place(of: path) != .host
    }

    private func isNode(_ disk: String, of device: dev_t) -> Bool {
        var status = stat()
        return stat("/dev/\(disk)", &status) == 0 && status.st_mode & S_IFMT == S_IFBLK && status.st_rdev == device
    }

    func disk(withTag tag: String, _ value: String) -> String? {
        disks.first { disk in
            guard let header = Self.header(of: disk), header.isSwap else { return false }
            return tag == "UUID" ? header.uuid == value.lowercased() : tag == "LABEL" && header.label == value
        }
    }

    /// nil if the disk cannot be read.
    static func header(of disk: String) -> Header? {
        let file = open("/dev/\(disk)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var page = [UInt8](repeating: 0, count: 4096)
        guard pread(file, &page, 4096, 0) == 4096 else { return Header(isSwap: false, uuid: "", label: "") }
        let digits = page[1036..<1052].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        let uuid = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
        return Header(
            isSwap: String(decoding: page[4086...], as: UTF8.self) == "SWAPSPACE2", uuid: uuid,
            label: String(decoding: page[1052..<1068].prefix { $0 != 0 }, as: UTF8.self))
    }

    var listed: [String] {
        let lines = (try? String(contentsOfFile: "/etc/fstab"))?.split(separator: "\n") ?? []
        return lines.compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count >= 3, !fields[0].hasPrefix("#"), fields[2] == "swap" else { return nil }
            let options = fields.count > 3 ? fields[3].split(separator: ",") : []
            return options.contains("noauto") ? nil : String(fields[0])
        }
    }

    var inUse: [String] {
        let lines = (try? String(contentsOfFile: ViewPlace.mount + "/view/proc-swaps"))?.split(separator: "\n") ?? []
        return lines.compactMap { line in
            let name = line.prefix { $0 != " " && $0 != "\t" }
            guard name.hasPrefix("/dev/") else { return nil }
            return Self.isDisk(name.dropFirst(5)) ? String(name.dropFirst(5)) : nil
        }
    }
}
