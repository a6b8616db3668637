/// The parts of the host that the view shows beside the simulated ones; opened when the first machine is made, before
/// `zramfs run` mounts anything over them.
final class HostView: Sendable {
    /// The one of this process.
    static let shared = HostView()

    /// Directories by path, those that the host has.
    let directories: [String: HostDirectory]
    /// `/proc/modules`.
    let modules: HostFile?
    /// `/proc/swaps`.
    let swaps: HostFile?

    private init() {
        var directories: [String: HostDirectory] = [:]
        for place in ViewPlace.allCases {
            directories[place.path] = HostDirectory(place.path, listsFolders: place.mountsFolders)
        }
        self.directories = directories
        modules = HostFile("/proc/modules")
        swaps = HostFile("/proc/swaps")
    }
}
