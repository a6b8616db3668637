/// The programs that `zramfs run` puts first in PATH: each is the command itself, called by that name.
public enum ViewTool: String, CaseIterable, Sendable {
    case modprobe, rmmod, lsmod, modinfo, insmod, swapon, swapoff, dmesg
}
