import Glibc
import SystemPackage

extension ImageFile {
    /// Opens a file for an image and locks it; nothing in it is changed.
    /// - Returns: also the superblock, if the file has content.
    ///
    /// - Parameter flags: of open(2); without `O_CREAT` the file must exist.
    static func claim(_ path: String, flags: Int32 = O_CREAT) throws(ImageError) -> (ImageFile, Superblock?) {
        let file = try open(path, flags: O_RDWR | flags, action: "open the image")
        guard file.tryLock(exclusive: true) else { throw .inUse(path) }
        do {
            guard try file.size() > 0 else { return (file, nil) }
        } catch {
            throw .host(path, "examine the image", error)
        }
        return (file, try file.superblock(path))
    }

    /// Of open(2), for those that do not import the C library.
    static let readOnly = O_RDONLY

    /// Makes a file without a name.
    static func temporary(in directory: String) throws(ImageError) -> ImageFile {
        // O_TMPFILE, a macro: a file that never has a name leaves none behind.
        let nameless = Glibc.open(directory, 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
        if nameless >= 0 { return ImageFile(owning: nameless) }
        var template = Array("\(directory)/zramfs.XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .host(directory, "make a temporary image", Errno(rawValue: errno)) }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return ImageFile(owning: descriptor)
    }

    /// Whether a file begins as an image does.
    fileprivate var isImage: Bool {
        var magic: UInt64 = 0
        return withUnsafeMutableBytes(of: &magic) {
            (try? readAvailable(at: 0, into: $0.baseAddress!, count: 8)) == 8
                && $0.loadUnaligned(as: UInt64.self) == Superblock.magic
        }
    }

    /// Opens a regular file.
    static func open(_ path: String, flags: Int32, action: String) throws(ImageError) -> ImageFile {
        // Non-blocking, so that a FIFO is found out instead of waited for.
        let descriptor = Glibc.open(path, flags | O_NONBLOCK | O_CLOEXEC, 0o600)
        let failure = Errno(rawValue: errno)
        if descriptor < 0, failure != .isDirectory { throw .host(path, action, failure) }
        let file = ImageFile(owning: descriptor)
        var info = stat()
        guard descriptor >= 0, fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw ImageError(
                .notAnImage,
                path: path,
                failure == .isDirectory ? "this is a directory" : "this is not a regular file",
                remedy: "name a file for the image, or one that does not exist yet"
            )
        }
        return file
    }

    /// Reads and checks the superblock, or its copy.
    func superblock(_ path: String) throws(ImageError) -> Superblock {
        do throws(ImageError) {
            return try superblock(path, at: 0)
        } catch {
            guard error.code == .damaged || error.code == .notAnImage,
                let copy = try? superblock(path, at: Superblock.copyOffset), copy.flags & Superblock.kept != 0
            else { throw error }
            return copy
        }
    }

    private func superblock(_ path: String, at offset: UInt64) throws(ImageError) -> Superblock {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Superblock.size, alignment: 8)
        defer { block.deallocate() }
        let count: Int
        do {
            count = try readAvailable(at: offset, into: block.baseAddress!, count: block.count)
        } catch {
            throw .host(path, "read the image", error)
        }
        guard count >= 8, block.loadUnaligned(as: UInt64.self) == Superblock.magic else {
            throw ImageError(
                .notAnImage,
                path: path,
                "this file is not a zramfs image, and was left as it is",
                remedy: "choose another name, or remove the file yourself"
            )
        }
        let remedy = "nothing in it can be mounted again anyhow: remove the file, or examine a copy of it"
        guard count == Superblock.size, let superblock = try? Superblock(UnsafeRawBufferPointer(block)) else {
            throw ImageError(.damaged, path: path, "the superblock is damaged", remedy: remedy, offset: 0)
        }
        guard superblock.version <= Superblock.version, superblock.flags & ~Superblock.known == 0 else {
            throw ImageError(
                .newerVersion,
                path: path,
                "the image is of version \(superblock.version), flags \(superblock.flags); this program knows version "
                    + "\(Superblock.version)",
                remedy: "use the program that made it"
            )
        }
        guard superblock.segmentSize == LogState.segmentSize else {
            throw ImageError(.damaged, path: path, "the segment size is impossible", remedy: remedy, offset: 32)
        }
        return superblock
    }
}

extension Image {
    /// Whether an open file begins as an image does; one that cannot be read does not.
    public static func isImage(descriptor: Int32) -> Bool {
        let copy = dup(descriptor)
        return copy >= 0 && ImageFile(owning: copy).isImage
    }
}
