import SystemPackage

extension Scenario {
    /// The commands that ended in some schedule, and in none with success; but for those that are to fail.
    func neverSucceeded(_ ended: Set<CommandEnd>) -> [String] {
        var succeeded: Set<[Int]> = []
        var failed: [[Int]: Set<Int32>] = [:]
        for end in ended where terminals.indices.contains(end.terminal) {
            let place = [end.terminal, end.place]
            if end.errno == 0 { succeeded.insert(place) } else { failed[place, default: []].insert(end.errno) }
        }
        let never = failed.filter { !succeeded.contains($0.key) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return never.compactMap { place, errnos in
            let script = terminals[place[0]]
            guard let command = script.commands.first(where: { $0.place == place[1] }) else { return nil }
            let allowed = mayFail[CommandLine(script: script.name, line: command.line)] ?? []
            if errnos.isSubset(of: allowed.map(\.rawValue)) { return nil }
            let beside = script.commands.filter { $0.line == command.line }
            let which = beside.count > 1 ? " (\(command.name ?? "a redirection"))" : ""
            let names = errnos.map(Self.name).sorted().joined(separator: ", ")
            return "\(script.name).sh:\(command.line)\(which) never succeeded: \(names)"
        }
    }
}
