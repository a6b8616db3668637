import Glibc

/// A folder that only its owner can look into, with a name that nobody can have planted; it is removed with all files in
/// it when the last reference goes.
public final class PrivateFolder {
    /// Where it is.
    public let path: String

    /// Makes it.
    ///
    /// - Parameter prefix: its path but for a random end.
    /// - Throws: `OutputError`.
    public init(_ prefix: String) throws(OutputError) {
        var name = Array((prefix + ".XXXXXX").utf8CString)
        guard mkdtemp(&name) != nil else { throw OutputError(prefix) }
        path = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit {
        if let stream = opendir(path) {
            while let entry = readdir(stream) { unlinkat(dirfd(stream), &entry.pointee.d_name.0, 0) }
            closedir(stream)
        }
        rmdir(path)
    }
}
