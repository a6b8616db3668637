/// Why a mount could not be made, in one line that says what to do about it.
public struct MountError: Error, CustomStringConvertible, Sendable {
    /// What kind of obstacle it is.
    public enum Code: Sendable {
        /// The mount point cannot be used.
        case mountPoint
        /// `/dev/fuse` is missing or closed to this user.
        case device
        /// The helper that mounts for users is missing.
        case helper
        /// libfuse did not understand an option.
        case options
        /// The mount was refused.
        case refused
    }

    /// What kind of obstacle it is.
    public let code: Code
    /// One line: what went wrong and what helps.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
