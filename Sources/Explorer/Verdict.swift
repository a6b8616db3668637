/// What the interleavings of a scenario can end in.
public enum Verdict: String, Codable, Sendable, Comparable, CaseIterable {
    /// All of them were looked at, and none fails.
    case proved
    /// The scripts cannot be explored: a set-up that fails, or what the shell's subset does not have, seen on the way.
    case invalid
    /// Nothing fails, but some command of a script never did what it says: nothing is proved.
    case empty
    /// Nobody can go on, or some wait for each other while the rest goes on.
    case deadlock
    /// `Error: Removing state 63 which has instances left.`
    case instancesLeft = "instances left"
    /// An access to freed memory, a second free, or a task in freed code.
    case useAfterFree = "use after free"
    /// At the end something that can be used points to freed memory or freed code: the next use is a page fault.
    case dangling = "dangling pointer"
    /// Memory that nobody can come to any more, or whose module is gone.
    case leak
    /// A fair scheduler can keep a task from its end for ever.
    case starvation
    /// A command failed with an errno that the scenario refuses.
    case refused
    /// Another warning of the kernel.
    case warning
    /// Nothing was found, but not everything was looked at: a budget ran out, or a mode that proves nothing.
    case undecided = "nothing found"

    /// In the order of the list.
    public static func < (left: Verdict, right: Verdict) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}
