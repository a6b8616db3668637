import KernelCore

/// What scripts need to run in real shells, on a mount, with nothing done to the host.
public enum LiveScript {
    /// A script of a scenario as a file to run: `sh FILE MOUNTPOINT`.
    ///
    /// The text stays as it is; what it calls rmmod, modprobe and umount is the mount's, whatever the host has in PATH
    /// and in /sbin.
    public static func file(_ text: String) -> String {
        (["readonly zramfs_mount=\"$1\""] + tools + [text]).joined(separator: "\n") + "\n"
    }

    /// Functions that come before programs of the same name: they write to the simulated kernel of the mount
    /// `$zramfs_mount`, or refuse. A module that is there already is fine for modprobe, one that is gone for `modprobe -r`.
    static let tools = """
        zramfs_module() {   # FILE WORDS NOT-AN-ERROR; the shells' own echo does not say why
            zramfs_error=$(exec env LC_ALL=C echo "$2" 2>&1 >"$zramfs_mount/debug/$1") && return
            case $zramfs_error in *"$3"*) return 0 ;; esac
            echo "$zramfs_error" >&2
            return 1
        }
        rmmod() {
            case $#:$1 in
            1:[!-]*) zramfs_module delete_module "$1" 'no such error' ;;
            *) echo "rmmod $*: not understood: wants one module" >&2; return 1 ;;
            esac
        }
        modprobe() {
            case $#:$1 in
            2:-r) zramfs_module delete_module "$2" 'No such file' ;;
            0:* | *:-*) echo "modprobe $*: not understood: wants a module and its parameters, or -r and a module" >&2; return 1 ;;
            *) zramfs_module init_module "$*" 'File exists' ;;
            esac
        }
        umount() {
            case "$*" in
            "$zramfs_mount" | "-l $zramfs_mount") command umount "$@" ;;
            *) echo "umount $*: not the mount of this script" >&2; return 1 ;;
            esac
        }
        insmod() { echo "insmod: not understood" >&2; return 1; }
        """.split(separator: "\n").map(String.init)

    /// A word that the shell takes as it stands.
    static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy(isPlainByte)
        return isPlain ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }

    /// A comment, on one line whatever is in it.
    static func comment(_ text: String) -> String { "# " + ForeignText.shown(text) }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_./:=,+-@%".utf8.contains(byte)
        }
    }
}
