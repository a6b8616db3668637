import KernelCore

extension Report {
    /// The kernel's page fault, or its complaint about memory that is freed twice; then what the dead task keeps.
    public static func oops(_ oops: Oops, in context: ReportContext) -> Report {
        let address = Text.hex(oops.address, width: 16)
        let number = "[#\(context.oopses + 1)] SMP PTI"
        // Code that was freed under the task cannot be fetched; a call into it reads the method's freed address first.
        let isCall = oops.what.hasSuffix(" text") && oops.frames.last.flatMap { Symbol($0).module } != nil
        let isDoubleFree = oops.what.hasPrefix("double free")
        let symbol = oops.frames.last.map { Symbol($0) } ?? Symbol("0x\(address)")
        let place = isCall ? "0x\(address)" : symbol.text
        let frames = Array(oops.frames.dropLast())
        // Since 6.10 every death begins alike.
        let die = context.isRecent ? "Oops: " : ""
        var head: [String]
        if isDoubleFree {
            head = [
                "------------[ cut here ]------------", "kernel BUG at mm/slub.c:379!",
                "\(die)invalid opcode: 0000 \(number)",
            ]
        } else {
            let access = isCall ? "instruction fetch" : "read access"
            let code = isCall ? "0010" : "0000"
            head = [
                "BUG: unable to handle page fault for address: \(address)",
                "#PF: supervisor \(access) in kernel mode",
                "#PF: error_code(0x\(code)) - not-present page",
                "PGD 0 P4D 0",
                "\(die)Oops: \(code) \(number)",
            ]
        }
        head += context.identity(oops.task) + ["RIP: 0010:\(place)"]
        if isCall { head.append("Code: Unable to access opcode bytes at RIP 0x\(address).") }
        let tail = [modules(context)] + (isDoubleFree ? [] : ["CR2: \(address)"]) + [end]
        return Report(.alert, head + StackTrace(frames, context).lines + tail + remains(oops))
    }

    /// The lines that are the laboratory's own: what was freed, and what stays locked for ever.
    private static func remains(_ oops: Oops) -> [String] {
        let task = Text.task(oops.task)
        let keeps = oops.task.holds.map(\.object.title).joined(separator: ", ")
        let function = oops.frames.last.map { KernelName.snake($0.function) } ?? "?"
        return ["zramfs: \(task) used what was freed: \(oops.what), in \(function)"]
            + (keeps.isEmpty ? [] : ["zramfs: \(task) is dead and keeps: \(keeps)"])
    }
}
