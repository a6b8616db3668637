import KernelCore

extension ModuleTable {
    /// The text of `/proc/modules`: name, size, refcount, users, state, address, taints of each module, newest first.
    public var procModules: String {
        modules.reversed().filter { $0.state != .unformed }.map { module in
            let users = module.users.isEmpty ? "-" : module.users.map { $0 + "," }.joined()
            let state =
                switch module.state {
                case .coming: "Loading"
                case .going: "Unloading"
                default: "Live"
                }
            return
                "\(module.name) \(module.definition.info.size) \(module.refcnt) \(users) \(state) 0x0000000000000000\n"
        }.joined()
    }
}
