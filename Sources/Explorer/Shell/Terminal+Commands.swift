import KernelCore
import KernelModule
import Kernfs
import Machine
import SystemPackage

extension Terminal {
    /// Runs a command and returns its exit status.
    func execute(_ name: String, _ arguments: [String]) async throws(Exit) -> Int32 {
        switch name {
        case "echo":
            let isBare = arguments.first == "-n"
            return await write(
                (isBare ? arguments.dropFirst() : arguments[...]).joined(separator: " ") + (isBare ? "" : "\n"))
        case "printf":
            let format = (arguments.first ?? "").replacing("\\n", with: "\n")
            return await write(
                arguments.dropFirst().reduce(format) { $0.replacing("%s", with: $1, maxReplacements: 1) })
        case "cat": return await cat(arguments)
        case "true", ":", "exec": return 0
        case "false": return 1
        case "[": return test(Array(arguments.dropLast()))
        case "test": return test(arguments)
        case "sleep":
            await Timer.sleep(kernel, milliseconds: 0)
            return 0
        case "exit": return arguments.first.flatMap(Int32.init) ?? status
        case "rmmod": return await remove(arguments.first ?? "", said: "rmmod: ERROR: could not remove module")
        case "modprobe":
            if arguments.first == "-r" {
                return await remove(arguments.last ?? "", said: "modprobe: FATAL: could not remove module")
            }
            return await load(arguments)
        case "umount": return await umount(isLazy: arguments.contains("-l"))
        default: return 127
        }
    }

    /// Writes to the standard output: one store if that is an attribute.
    private func write(_ text: String) async -> Int32 {
        guard let stream = streams[1] else { return 1 }
        switch stream {
        case .terminal: onText?(text)
        case .null, .device: break
        case .control(let name):
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            return name == "init_module"
                ? await load(words) : await remove(words.first ?? "", said: "echo: write error")
        case .file(let file, _):
            do throws(Errno) {
                _ = try await file.write(Array(text.utf8))
            } catch {
                complain("bash: echo: write error", error)
                return 1
            }
        }
        return 0
    }

    private func cat(_ paths: [String]) async -> Int32 {
        var status: Int32 = 0
        if paths.isEmpty, case .file(let file, _)? = streams[0] { return await read(file, "-") }
        for path in paths {
            do throws(Errno) {
                let file = try await open(path, isWrite: false)
                if await read(file, path) != 0 { status = 1 }
            } catch {
                complain("cat: \(path)", error)
                status = 1
            }
        }
        return status
    }

    /// Reads to the end, as `cat` does: one more read there.
    private func read(_ file: KernfsOpenFile, _ path: String) async -> Int32 {
        do throws(Errno) {
            var offset = 0
            while !kernel.isHalting {
                let bytes = try await file.read(at: offset, count: 131_072)
                if bytes.isEmpty { break }
                onText?(String(decoding: bytes.bytes, as: UTF8.self))
                offset += bytes.count
            }
        } catch {
            complain("cat: \(path)", error)
            return 1
        }
        return 0
    }

    private func test(_ words: [String]) -> Int32 {
        let holds =
            switch words.count {
            case 1: !words[0].isEmpty
            case 2: words[0] == "-n" ? !words[1].isEmpty : words[0] == "-z" ? words[1].isEmpty : words[1].isEmpty
            case 3:
                switch words[1] {
                case "=", "==": words[0] == words[2]
                case "!=": words[0] != words[2]
                case "-eq": Int(words[0]) == Int(words[2])
                case "-ne": Int(words[0]) != Int(words[2])
                default: false
                }
            default: false
            }
        return holds ? 0 : 1
    }

    private func remove(_ name: String, said what: String) async -> Int32 {
        do throws(Errno) {
            try await machine.modules.delete(name)
        } catch {
            complain(what, error)
            return 1
        }
        return 0
    }

    /// As modprobe does, a module that is loaded already is fine.
    private func load(_ words: [String]) async -> Int32 {
        do throws(Errno) {
            try await machine.modules.load(words.first ?? "", Array(words.dropFirst()))
        } catch {
            if error == .fileExists, machine.modules.find(words.first ?? "")?.state == .live { return 0 }
            complain("modprobe: ERROR: could not insert '\(words.first ?? "")'", error)
            return 1
        }
        return 0
    }

    /// `umount` removes the module first; `umount -l` detaches at once, and the daemon removes it without a pin.
    private func umount(isLazy: Bool) async -> Int32 {
        if isLazy {
            await kernel.step(.lookup, on: machine.root.node)
            mounted.isAttached = false
            machine.root.node.changed(9, from: 0, to: 1)
            kernel.spawn("zramfs") { [machine] _ in
                do throws(Errno) { try await machine.modules.delete("zram", force: true) } catch {}
            }
            return 0
        }
        do throws(Errno) {
            try await machine.modules.delete("zram")
        } catch {
            if error == .noSuchFileOrDirectory { return 0 }
            onText?("umount: target is busy")
            if refused.contains(error) { complain("umount", error) }
            return 32
        }
        return 0
    }
}
