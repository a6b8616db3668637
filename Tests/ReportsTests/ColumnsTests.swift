import KernelCore
import Reports
import Testing

/// Two tasks: one takes a lock, the other waits for it and is let on.
private let events: [Trace.Event] = [
    Trace.Event(
        time: 1000, task: 1, name: "echo", pid: 7, operation: .lock, object: "m", id: 3, function: "reset_store"),
    Trace.Event(
        .wait, time: 2500, task: 2, name: "rmmod", pid: 8, operation: .lock, object: "m", id: 3, function: "zram_exit",
        holders: [1]),
    Trace.Event(time: 3000, task: 1, name: "echo", pid: 7, operation: .putActive, object: "reset", id: 4, count: 0),
    Trace.Event(time: 3100, task: 1, name: "echo", pid: 7, operation: .unlock, object: "m", id: 3),
    Trace.Event(
        time: 3200, task: 2, name: "rmmod", pid: 8, operation: .lock, object: "m", id: 3, function: "zram_exit"),
]

@Suite("Traces as text")
struct ColumnsTests {
    @Test("a column for each task, and the reason for each switch")
    func columns() {
        #expect(
            Columns(events, width: 26).text == """
                   echo:7                      rmmod:8
                   --------------------------  --------------------------
                1  lock m  (reset_store)
                   -> rmmod:8: echo:7 is preempted
                2                              WAITS: lock m  (zram_exit)
                   -> echo:7: rmmod:8 waits for echo:7
                3  put_active reset
                4  unlock m
                   -> rmmod:8: echo:7 is done
                5                              lock m  (zram_exit)

                """)
    }

    @Test("what does not fit is cut; nothing makes nothing")
    func narrow() {
        #expect(Columns(events, width: 8).text.contains("1  lock m …\n"))
        #expect(Columns([]).text == "")
    }

    @Test("a task that starts when another is done takes its column; one that is stuck keeps it while there is room")
    func reuse() {
        func event(_ task: UInt32, _ kind: Trace.Kind = .step) -> Trace.Event {
            Trace.Event(kind, time: 0, task: task, name: "t", pid: Int32(task), operation: .load, object: "x")
        }
        #expect(
            Columns([event(1), event(2)], width: 4).text == """
                   t:1
                   ----
                1  loa…
                   -> t:2: t:1 is done
                   t:2
                   ----
                2  loa…

                """)
        let stuck = [event(1, .wait), event(2)]
        #expect(Columns(stuck, width: 4).text.hasPrefix("   t:1   t:2\n"))
        #expect(Columns(stuck, width: 4, limit: 1).text.hasPrefix("   t:1\n"))
    }

    @Test("Trace Event JSON has threads, slices, an arrow and a counter")
    func json() {
        #expect(
            TraceJSON(events).text == """
                {"displayTimeUnit":"ns","traceEvents":[
                {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"echo:7"}},
                {"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"rmmod:8"}},
                {"ph":"X","pid":1,"tid":1,"ts":1.000,"dur":2.000,"name":"lock m","args":{"function":"reset_store","object":3}},
                {"ph":"X","pid":1,"tid":2,"ts":2.500,"dur":0.700,"name":"waits: lock m","args":{"function":"zram_exit","object":3}},
                {"ph":"X","pid":1,"tid":1,"ts":3.000,"dur":0.100,"name":"put_active reset","args":{"function":"","object":4}},
                {"ph":"X","pid":1,"tid":1,"ts":3.100,"dur":1.100,"name":"unlock m","args":{"function":"","object":3}},
                {"ph":"X","pid":1,"tid":2,"ts":3.200,"dur":1.000,"name":"lock m","args":{"function":"zram_exit","object":3}},
                {"ph":"s","tid":2,"pid":1,"ts":2.500,"id":1,"cat":"wait","name":"held by"},
                {"ph":"f","bp":"e","tid":1,"pid":1,"ts":2.500,"id":1,"cat":"wait","name":"held by"},
                {"ph":"C","pid":1,"ts":3.000,"name":"references of reset#4","args":{"count":0}}
                ]}

                """)
    }

    @Test("names are quoted")
    func quoting() {
        let odd = Trace.Event(time: 0, task: 1, name: "a\"b\\c\u{1}", pid: 1, operation: .load, object: "x")
        #expect(TraceJSON([odd]).text.contains("{\"name\":\"a\\\"b\\\\c\\u0001:1\"}"))
    }

    @Test("tables are as wide as their cells; numbers and times keep their zeros")
    func small() {
        var table = Table("A", "LAST")
        table.add("long cell", "x")
        table.add("", "a long last cell")
        #expect(table.text == "A          LAST\nlong cell  x\n           a long last cell\n")
        #expect(Text.seconds(1_002_003_004) == "1.002003")
        #expect(Text.seconds(999_999_999, decimals: 3) == "0.999")
        #expect(Text.hex(10, width: 4) == "000a")
    }
}
