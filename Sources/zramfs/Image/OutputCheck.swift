import Glibc
import PageStore
import SystemPackage

/// What a disk must not be written over, whatever it is called.
enum OutputCheck {
    /// Refuses a file that is one of the inputs, that somebody uses, or that is an image.
    /// - Parameter path: perhaps nothing yet.
    /// - Throws: `Failure`.
    static func spare(_ path: String, inputs: [String]) throws {
        var info = stat()
        // What is no regular file is refused as such, and a FIFO must not be waited for.
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return }
        for input in inputs {
            var other = stat()
            guard stat(input, &other) == 0, other.st_dev == info.st_dev, other.st_ino == info.st_ino else { continue }
            throw Failure("\(path): is \(input) itself, and was left as it is: name another file", .usage)
        }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw Failure("\(path): \(Errno(rawValue: errno))", .usage) }
        defer { close(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("\(path): is in use, and was left as it is: name another file", .usage)
        }
        if Image.isImage(descriptor: file) {
            throw Failure("\(path): is an image of zramfs, and was left as it is: name another file", .usage)
        }
    }
}
