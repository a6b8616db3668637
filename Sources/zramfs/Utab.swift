import Glibc
import HostGuard
import SystemPackage

/// Our line in libmount's `/run/mount/utab`, so that `umount MNT` asks our helper.
///
/// Without a line there umount(8) goes by statfs(2), which says `fuse` for every FUSE file system, and never looks for
/// `umount.fuse.zramfs`. mount(8) writes such a line for `uhelper=` as well; umount(8) removes it.
struct Utab {
    private static let path = "/run/mount/utab"
    private let line: String

    /// Adds the line; a host without the file, or not root, has to use `zramfs umount`.
    init(source: String, mountPoint: String) {
        line = "SRC=\(Self.escape(source)) TARGET=\(Self.escape(mountPoint)) ROOT=/ OPTS=uhelper=fuse.zramfs"
        guard getuid() == 0 else { return }
        Self.locked {
            let text = (try? String(contentsOfFile: Self.path)) ?? ""
            Self.write(text + line + "\n")
        }
    }

    /// Takes the line away again, if nobody has.
    func remove() {
        guard getuid() == 0 else { return }
        Self.locked {
            guard let text = try? String(contentsOfFile: Self.path) else { return }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
            guard let place = lines.firstIndex(where: { $0 == line }) else { return }
            Self.write((lines[..<place] + lines[(place + 1)...]).map { $0 + "\n" }.joined())
        }
    }

    /// Takes away the line of a mount whose daemon could not.
    static func forget(_ mountPoint: String) {
        guard getuid() == 0 else { return }
        let target = " TARGET=\(escape(mountPoint)) "
        locked {
            guard let text = try? String(contentsOfFile: path) else { return }
            let lines = text.split(separator: "\n").filter {
                !($0.contains(target) && $0.hasSuffix("uhelper=fuse.zramfs"))
            }
            write(lines.map { $0 + "\n" }.joined())
        }
    }

    /// libmount's own lock and its way to replace the file: a new one, renamed.
    private static func locked(_ body: () -> Void) {
        let lock = open(path + ".lock", O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard lock >= 0 else { return }
        defer { close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { return }
        body()
    }

    private static func write(_ text: String) {
        try? OutputFile.write(text.utf8, to: path, mode: 0o644)
    }

    /// As libmount mangles: blanks and the like in octal.
    private static func escape(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case 0x20, 0x09, 0x0a, 0x5c:
                let octal = String(byte, radix: 8)
                result += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
            default: result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
    }
}
