/// The modules that the simulated kernel has, as module tools name them.
public struct ModuleNames: Sendable {
    private let ours: Set<String>

    /// By their names with underscores.
    public init(_ ours: some Sequence<String>) { self.ours = Set(ours) }

    /// The name of our module that a word stands for: `zram`, `zram.ko`, `/lib/modules/.../zram.ko.xz`; nil if it is
    /// none of ours.
    ///
    /// The corresponding function of kmod is `modname_normalize`: `-` is `_`, and a dot ends the name.
    public func module(_ word: String) -> String? {
        let last = word.split(separator: "/").last ?? ""
        let name = String(last.prefix { $0 != "." }.map { $0 == "-" ? "_" : $0 })
        return ours.contains(name) ? name : nil
    }

    /// Our module that a text of the host's tools speaks of, such as `insmod /lib/modules/.../zram.ko`.
    public func first(in text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).lazy.compactMap { module(String($0)) }.first
    }
}
