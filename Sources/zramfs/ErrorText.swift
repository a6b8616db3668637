import Foundation
import SystemPackage

/// Why something failed, as strerror(3) says it.
enum ErrorText {
    static func of(_ error: any Error) -> String {
        if let failure = error as? Failure { return failure.message }
        if let number = error as? Errno { return "\(number)" }
        if error is DecodingError { return "it is not what zramfs wrote" }
        if let posix = error as? POSIXError { return text(posix.code.rawValue) }
        guard let cocoa = error as? CocoaError else { return "\(error)" }
        if let cause = cocoa.userInfo[NSUnderlyingErrorKey] as? POSIXError { return text(cause.code.rawValue) }
        return switch cocoa.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: text(ENOENT)
        case .fileReadNoPermission, .fileWriteNoPermission: text(EACCES)
        case .fileWriteFileExists: text(EEXIST)
        case .fileWriteOutOfSpace: text(ENOSPC)
        case .fileWriteVolumeReadOnly: text(EROFS)
        case .fileReadTooLarge: text(EFBIG)
        default: text(EIO)
        }
    }

    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}
