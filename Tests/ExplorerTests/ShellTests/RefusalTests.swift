import Testing

@testable import Explorer

/// What bash would do in a way that the explorer does not know is refused, with file and line, before anything runs.
@Suite("What the shell refuses")
struct RefusalTests {
    static let texts: [(text: String, line: Int, what: String)] = [
        ("true\necho \"`rmmod zram`\" > $1/zram0/reset", 2, "'`'"), ("echo `ls`", 1, "'`'"), ("x=$(cat y)", 1, "'$('"),
        ("[ \"$0\" = b ] && true", 1, "'$0'"), ("echo $2", 1, "'$2'"), ("echo $@", 1, "'$@'"),
        ("echo $HOME", 1, "'$HOME'"),
        ("IFS=x", 1, "IFS"), ("x=1 cat $1/zram0/reset", 1, "one command alone"),
        ("exec cat $1/zram0/initstate", 1, "exec"),
        ("echo 1 > $1/zram0/../zram0/reset", 1, "'..'"), ("cat $1/./zram0/initstate", 1, "'.'"),
        ("echo 1 > /zram0/reset", 1, "$1, the mount point"), ("cat zram0/initstate", 1, "$1, the mount point"),
        ("echo 1 > $1zram0/reset", 1, "begins"), ("rmmod -f zram", 1, "rmmod"), ("rmmod zram loop", 1, "rmmod"),
        ("modprobe -C x -r zram", 1, "modprobe"), ("modprobe -r zram loop", 1, "modprobe"), ("umount $1", 1, "umount"),
        ("umount -l /", 1, "umount"), ("[ -r $1/zram0/reset ]", 1, "'-r'"), ("[ a -a b ]", 1, "'-a'"),
        ("[ 1 == 1 ]", 1, "'=='"), ("[ 1 = 1", 1, "']'"), ("test 1 -lt 2 -o 3", 1, "words"),
        ("echo -e x", 1, "echo -e"),
        ("printf '%d\\n' 5", 1, "format"), ("printf 'a\\nb\\n'", 1, "format"), ("echo 'a\\nb'", 1, "backslash"),
        ("cat <<END\nx\nEND", 1, "'<<'"), ("echo x >| $1/zram0/reset", 1, "'>|'"),
        ("echo x 12> $1/zram0/reset", 1, "above 9"),
        ("f() { true; }", 1, "'('"), ("case x in x) true;; esac", 1, "')'"), ("if true; then fi", 1, "missing"),
        ("for i in a; do; done", 1, "missing"), ("; true", 1, "missing"), ("true &&\n", 2, "missing"),
        ("true;; true", 1, "';;'"),
        ("! ! true", 1, "'!'"), ("fi", 1, "'fi'"), ("echo {a,b}", 1, "braces"), ("cat ~/x", 1, "home"),
        ("echo a[1]", 1, "'['"), ("x='*'; echo $x", 1, "pattern"), ("echo $'a'", 1, "'$''"),
        ("true\r\n", 1, "carriage return"),
        ("true # x\r", 1, "carriage return"), ("echo h\u{e9}", 1, "ASCII"), ("echo \u{301}", 1, "ASCII"),
        ("break", 1, "break"),
        ("set -e", 1, "set"), ("while true; do true; done > $1/zram0/reset", 1, "follows"), ("", 0, "no command"),
        ("# nothing", 0, "no command"), ("cat - < $1/zram0/reset", 1, "cat -"),
        ("cat $1/zram0/reset > $1/zram0/disksize", 1, "cat"),
        ("echo x 2> $1/zram0/reset", 1, "messages"), ("exit 256", 1, "exit"), ("sleep x", 1, "sleep"),
        ("echo 1 > $1/zram0/rset", 1, "no file of the machine is called 'rset'"),
        ("for f in reset dsksize; do\necho 1 > $1/zram0/$f\ndone", 2, "'dsksize'"),
        ("rmmod zran", 1, "no module 'zran'"),
        ("echo zran > $1/debug/delete_module", 1, "no module 'zran'"),
        ("modprobe zram num_device=2", 1, "no parameter 'num_device'"),
        ("echo zram -f > $1/debug/delete_module", 1, "'-f'"), ("cat $1/debug/kmsg", 1, "'kmsg'"),
    ]

    @Test("with file and line", arguments: texts.indices) func refused(number: Int) throws {
        let (text, line, what) = Self.texts[number]
        let error = #expect(throws: ScenarioError.self, "\(text)") { try Scenario(name: "s", scripts: ["a": text]) }
        #expect(error?.line == line && error?.file == "s/a.sh", "\(text): \(error!)")
        #expect(error?.description.contains(what) == true, "\(text): \(error!)")
    }

    @Test(
        "what shows only when it runs makes the scenario invalid",
        arguments: [
            ("f=/etc/passwd\ncat $f", "s/a.sh:2: the explorer cannot read '/etc/passwd', out of the mount"),
            ("x=-l; cat $x", "s/a.sh:1: the explorer cannot read cat -l"),
            (
                "exec 2> /dev/null; x='a b'; echo 1 > $1/$x",
                "s/a.sh:1: the explorer cannot read a redirection to 2 files"
            ),
            ("cat", "s/a.sh:1: the explorer cannot read what is read here"),
            ("x=.; cat $1/$x/zram0/reset", "s/a.sh:1: the explorer cannot read '.', '..' or a slash"),
            ("exec 3> $1/zram0/reset; exec 2>&3; cat $1/zram9/reset", "s/a.sh:1: the explorer cannot read a message"),
            ("x=-x; [ $x $1/zram0/reset ]", "s/a.sh:1: the explorer cannot read '-x' in a test"),
            ("exec 3> $1/dev/zram0; echo x >&3", "s/a.sh:1: the explorer cannot read data for a disk"),
        ])
    func invalid(text: String, what: String) throws {
        for reductions in [Reductions.all, .all.subtracting(.recalledSteps), [.fingerprints]] {
            var options = ExploreOptions()
            options.reductions = reductions
            let outcome = explore(try Scenario(name: "s", scripts: ["a": text]), patches: [], options: options)
            #expect(outcome.verdicts == [.invalid])
            #expect(outcome.invalid?.hasPrefix(what) == true, "\(outcome.invalid ?? "")")
        }
    }

    @Test(
        "a set-up that fails, or does not end, makes it invalid",
        arguments: [
            ("true\necho 0 > $1/zram0/disksize", "s/setup.sh:2: this command of the set-up fails: Invalid argument"),
            ("false", "s/setup.sh:1: this command of the set-up fails"),
            ("while true; do true; done", "s/setup.sh:1: the"),
            (
                "exec 3< $1/dev/zram0\nx=1; echo 1M > $1/zram0/disksize; echo 1 > $1/zram0/reset; [ $x = 2 ]",
                "s/setup.sh:2"
            ),
        ])
    func setUp(text: String, what: String) throws {
        let scenario = try Scenario(name: "s", scripts: ["setup": text, "a": "cat $1/zram0/initstate"])
        let outcome = explore(scenario, patches: [])
        #expect(outcome.verdicts == [.invalid] && outcome.invalid?.hasPrefix(what) == true, "\(outcome.invalid ?? "")")
        // What somebody asks for does not fail.
        let asked = try Scenario(
            name: "s",
            scripts: ["setup": "false || true; if false; then true; fi; ! false", "a": "cat $1/zram0/initstate"])
        #expect(explore(asked, patches: []).isProved)
    }
}
