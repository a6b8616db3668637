/// What user space may write to a `uevent` file: an action, perhaps a UUID, perhaps `KEY=value` words.
enum UEvent {
    private static let actions = ["add", "remove", "change", "move", "online", "offline", "bind", "unbind"]

    /// The kernel's `kobject_action_type` and `kobject_action_args`.
    static func isValid(_ bytes: [UInt8]) -> Bool {
        var text = bytes[...]
        if text.last == UInt8(ascii: "\n") || text.last == 0 { text.removeLast() }
        var words = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        guard let action = words.popFirst(), actions.contains(action) else { return false }
        guard let uuid = words.popFirst() else { return true }
        guard isUUID(uuid) else { return false }
        return words.allSatisfy { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && (parts[0] + parts[1]).allSatisfy { $0.isLetter || $0.isNumber }
        }
    }

    /// 8-4-4-4-12 hexadecimal digits.
    private static func isUUID(_ word: String) -> Bool {
        let groups = word.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy(\.isHexDigit)
    }
}
