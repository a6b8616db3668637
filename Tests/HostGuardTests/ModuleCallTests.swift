import HostGuard
import Testing

private let names = ModuleNames(["zram", "test_sysfs"])

private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

/// Command lines as a script may have them, and what becomes of each word.
@Suite struct ModuleCallTests {
    @Test(
        "rmmod",
        arguments: [
            ("zram", "remove zram"), ("zram foo", "remove zram; host -- foo"), ("foo zram", "host -- foo; remove zram"),
            ("-f zram", "remove! zram"), ("zram --force", "remove! zram"), ("--fo zram", "remove! zram"),
            ("-sv zram loop", "remove zram; host -s -v -- loop"), ("-- zram", "remove zram"), ("-- -f", "host -- -f"),
            ("test-sysfs", "remove test_sysfs"), ("./x/zram.ko.xz", "remove zram"), ("zramx", "host -- zramx"),
            ("-w zram", "remove zram"), ("-Vf zram", "host -V"), ("", "refuse"), ("--nosuch zram", "refuse"),
        ])
    func rmmod(_ line: String, _ expected: String) {
        #expect(text(ModuleCall.rmmod(words(line), names)) == expected)
    }

    @Test(
        "modprobe",
        arguments: [
            ("zram", "load zram"), ("zram num_devices=4", "load zram num_devices=4"), ("-r zram", "remove zram"),
            ("zram -r", "remove zram"), ("-r loop zram", "host -r -- loop; remove zram"),
            ("-C x -r zram", "remove zram"), ("-Cx -r zram", "remove zram"),
            ("--config=x --remove zram", "remove zram"),
            ("-rC x zram", "remove zram"), ("-rCx zram", "remove zram"), ("-d / -S 6.1 -r zram", "remove zram"),
            ("-rf zram", "remove! zram"), ("-w 100 -r zram", "remove zram"), ("--wait=100 --rem zram", "refuse"),
            ("-a zram loop test-sysfs", "load zram; host -a -- loop; load test_sysfs"),
            ("-qa zram", "load zram"), ("-av loop zram", "host -a -v -- loop; load zram"),
            ("loop zram", "refuse"), ("loop max_part=4", "host -- loop max_part=4"), ("zram zram", "load zram zram"),
            ("-- zram", "load zram"),
            ("-n zram", "nothing"), ("-n -v zram", "show zram"), ("-nr zram", "nothing"), ("-D zram", "show zram"),
            ("-R zram", "name zram"), ("-r -- -x", "host -r -- -x"), ("--first-time zram", "load zram"),
            ("--remove-holders -r zsmalloc zram", "host --remove-dependencies -r -- zsmalloc; remove zram"),
            ("-c zram", "host -c"), ("-V zram", "host -V"), ("--dump-modversions zram.ko", "refuse"), ("", "refuse"),
            ("/lib/modules/6.1/zram.ko x=1", "load zram x=1"), ("-C", "refuse"), ("-Z zram", "refuse"),
            ("-C zram loop", "host -C zram -- loop"), ("-ib zram", "load zram"), ("-b -r -i zram", "remove zram"),
        ])
    func modprobe(_ line: String, _ expected: String) {
        #expect(text(ModuleCall.modprobe(words(line), names)) == expected)
    }

    @Test("modprobe takes its environment's options first")
    func environment() {
        #expect(text(ModuleCall.modprobe(["zram"], environment: "-r -q", names)) == "remove zram")
        #expect(ModuleCall.modprobe(["zram"], environment: "-q", names).isQuiet)
        #expect(text(ModuleCall.modprobe(["zram"], environment: "-C 'a b'", names)) == "refuse")
    }

    @Test(
        "insmod",
        arguments: [
            ("zram.ko", "load zram"), ("./zram.ko.zst num_devices=2", "load zram num_devices=2"),
            ("-f zram.ko", "load zram"),
            ("link.ko", "load zram"), ("other.ko zram", "refuse"), ("other.ko a=1", "host -- other.ko a=1"),
            ("", "refuse"), ("-h zram.ko", "host -h"),
            ("-- zram.ko", "load zram"), ("-p other.ko", "host -p -- other.ko"),
        ])
    func insmod(_ line: String, _ expected: String) {
        let call = ModuleCall.insmod(words(line), names) { $0 == "link.ko" ? "zram" : nil }
        #expect(text(call) == expected)
    }

    @Test(
        "modinfo",
        arguments: [
            ("zram", "info zram"), ("-F parm zram", "info zram parm"),
            ("--field=parm loop zram", "host -F parm -- loop; info zram parm"),
            ("-n zram", "info zram filename"), ("-p test-sysfs", "info test_sysfs parm"),
            ("-b / -k 6 zram", "info zram"),
        ])
    func modinfo(_ line: String, _ expected: String) {
        #expect(text(ModuleCall.modinfo(words(line), names)) == expected)
    }

    @Test("no step for the host names a module of ours as its operand")
    func neverTheHosts() {
        let options = ["-r", "-a", "-f", "-v", "-n", "-rCx", "--config=x", "-S6", "--", "-w5", "--wait=5", "-q", "-D"]
        let modules = ["zram", "loop", "./zram.ko", "test-sysfs"]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let line = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                (Bool.random(using: &generator) ? options : modules).randomElement(using: &generator)!
            }
            for case .host(let arguments) in ModuleCall.modprobe(line, names).steps {
                let operands = arguments.firstIndex(of: "--").map { arguments[($0 + 1)...] } ?? []
                #expect(!operands.contains { names.module($0) != nil }, "\(line): \(arguments)")
            }
        }
    }

    private func text(_ call: ModuleCall) -> String {
        call.steps.map { step in
            switch step {
            case .load(let module, _, let parameters): (["load", module] + parameters).joined(separator: " ")
            case .remove(let module, let force): "remove\(force ? "!" : "") \(module)"
            case .showLoading(let module, _): "show \(module)"
            case .showName(let module): "name \(module)"
            case .showInfo(let module, let field): "info \(module)\(field.map { " \($0)" } ?? "")"
            case .nothing: "nothing"
            case .host(let arguments): (["host"] + arguments).joined(separator: " ")
            case .refuse: "refuse"
            }
        }.joined(separator: "; ")
    }
}
