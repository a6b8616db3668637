import KernelCore

extension Control {
    /// The whole ring, as `dmesg` prints it; a write appends a line as to `/dev/kmsg`, `<3>` before it sets the level.
    static let kmsg = Control(
        "debug/kmsg", show: { $0.kernel.log.lines.map { $0.formatted + "\n" }.joined() },
        store: { machine, text in
            // What user space writes without a level is a warning, the kernel's default_message_loglevel.
            var level = KernelLog.Level.warning
            var rest = text[...]
            if text.first == "<", let end = text.firstIndex(of: ">"),
                let number = Int(text[text.index(after: text.startIndex)..<end])
            {
                level = KernelLog.Level(rawValue: number & 7) ?? level
                rest = text[text.index(after: end)...]
            }
            machine.kernel.log.print(level, String(rest))
        })

    /// Any write forgets the ring, as `dmesg --clear`. A file of its own, for every word is a line for `kmsg`.
    static let kmsgClear = Control("debug/kmsg_clear", store: { machine, _ in machine.kernel.log.clear() })
}
