import SystemPackage

/// Why an image cannot be used, said so that a person knows what to do.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: String, Sendable, Codable {
        /// Another process has the image open.
        case inUse
        /// The file holds something else.
        case notAnImage
        /// A later version of the program made the image, or one with features that this one lacks.
        case newerVersion
        /// The image's own structures are broken.
        case damaged
        /// The image keeps disks, and was to be used as if it did not; or the other way round.
        case keepsDisks
        /// The host refuses: no such directory, no permission, a full disk.
        case host
    }

    /// What kind of trouble it is.
    public var code: Code
    /// The image.
    public var path: String
    /// What is wrong.
    public var message: String
    /// What to do about it.
    public var remedy: String
    /// Where in the file, in bytes, if it is at one place.
    public var offset: UInt64?
    /// The error of the host, if it was one.
    public var cause: Errno?

    init(
        _ code: Code,
        path: String,
        _ message: String,
        remedy: String,
        offset: UInt64? = nil,
        cause: Errno? = nil
    ) {
        self.code = code
        self.path = path
        self.message = message
        self.remedy = remedy
        self.offset = offset
        self.cause = cause
    }

    /// One line: the path, what is wrong, where, and what to do.
    public var description: String {
        let place = offset.map { " at offset \($0)" } ?? ""
        let reason = cause.map { ": \($0)" } ?? ""
        return "\(path): \(message)\(place)\(reason); \(remedy)"
    }

    /// The image does not keep its disks.
    public static func volatile(_ path: String) -> ImageError {
        ImageError(
            .keepsDisks, path: path, "this image does not keep its disks",
            remedy: "the next mount empties it anyhow; mount with -o keep for one that does")
    }

    /// Another process has the image open.
    static func inUse(_ path: String) -> ImageError {
        ImageError(
            .inUse, path: path, "the image is in use by another daemon",
            remedy: "unmount that one first, or choose another image")
    }

    /// The host refused a system call.
    public static func host(_ path: String, _ action: String, _ cause: Errno) -> ImageError {
        let remedy =
            switch cause {
            case .noSuchFileOrDirectory: "check the path"
            case .permissionDenied, .notPermitted, .readOnlyFileSystem:
                "choose a place where you may write, or run as another user"
            case .noSpace, .diskQuotaExceeded: "make room, or put the image on another file system"
            default: "check the file system that it is on"
            }
        return ImageError(.host, path: path, "cannot \(action)", remedy: remedy, cause: cause)
    }
}
