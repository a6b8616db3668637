import HostGuard
import Testing

/// zram0 and zram1 are ours; zram0 is called "mine".
private struct Disks: SwapCall.Disks {
    func place(of path: String) -> SwapPlace {
        switch path {
        case "/dev/zram0", "zram0", "../dev/zram0", "link", "/dev/loop7": .disk("zram0")
        case "/dev/zram1": .disk("zram1")
        case "/mnt/on-zram0/file": .upon
        default: .host
        }
    }
    func disk(withTag tag: String, _ value: String) -> String? { tag == "LABEL" && value == "mine" ? "zram0" : nil }
    let listed = ["/dev/zram1", "UUID=1234", "LABEL=mine"]
    let inUse = ["zram0"]
}

@Suite struct SwapCallTests {
    @Test(
        "swapon",
        arguments: [
            ("/dev/zram0", "on zram0"), ("-p 5 /dev/zram0", "on zram0 5"), ("-p5 zram0", "on zram0 5"),
            ("--priority=5 zram0", "on zram0 5"), ("zram0 --prio 5", "on zram0 5"), ("-vp 5 link", "on zram0 5"),
            ("-o pri=7 /dev/zram0", "on zram0 7"), ("-o nofail,pri=7 -p 3 zram0", "on zram0 3"),
            ("-d /dev/zram0", "on zram0"), ("--discard=once zram0", "on zram0"), ("-e zram0", "on? zram0"),
            ("-L mine", "on zram0"), ("LABEL=mine", "on zram0"), ("LABEL=\"mine\"", "on zram0"),
            ("-L other", "host -- LABEL=other"),
            ("-U 12 zram0", "host -- UUID=12; on zram0"), ("/dev/loop7", "on zram0"),
            ("/dev/sda2 zram0", "host -- /dev/sda2; on zram0"),
            ("-p 5 /swap ../dev/zram0", "host -p 5 -- /swap; on zram0 5"), ("-a", "on zram1; on zram0; leave"),
            ("-a /swap", "on zram1; on zram0; leave; host -- /swap"), ("/mnt/on-zram0/file", "refuse"), ("", "list"),
            ("-s", "list"),
            ("--show", "host --show"), ("--show=NAME --noheadings zram0", "host --show=NAME --noheadings"),
            ("-- zram0", "on zram0"), ("-p x zram0", "refuse"), ("--nosuch zram0", "refuse"), ("-V zram0", "host -V"),
        ])
    func swapon(_ line: String, _ expected: String) { #expect(text(SwapCall.swapon(words(line), Disks())) == expected) }

    @Test(
        "swapoff",
        arguments: [
            ("/dev/zram0", "off zram0"), ("-v link /swap", "off zram0; host -v -- /swap"), ("-L mine", "off zram0"),
            ("-a", "off zram0; leave"), ("", "refuse"), ("-- zram0", "off zram0"), ("-U mine", "host -- UUID=mine"),
            ("/mnt/on-zram0/file", "refuse"),
        ])
    func swapoff(_ line: String, _ expected: String) {
        #expect(text(SwapCall.swapoff(words(line), Disks())) == expected)
    }

    private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    private func text(_ call: SwapCall) -> String {
        call.steps.map { step in
            switch step {
            case .on(let disk, let priority, let mayBeMissing):
                "on\(mayBeMissing ? "?" : "") \(disk)\(priority.map { " \($0)" } ?? "")"
            case .off(let disk): "off \(disk)"
            case .list: "list"
            case .host(let arguments): (["host"] + arguments).joined(separator: " ")
            case .leave: "leave"
            case .refuse: "refuse"
            }
        }.joined(separator: "; ")
    }
}
