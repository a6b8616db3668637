import Glibc

/// What the header of a qcow2 file says about other files.
public enum ImageHeader {
    /// Why a qcow2 file is not to be given to qemu-img; nil if it stands for itself.
    ///
    /// A backing file, or a data file, is a name that whoever made the image chose: root would read it for him. An
    /// encrypted one would ask for a secret.
    ///
    /// - Parameter bytes: the file's first 104 bytes, or as many as there are.
    public static func refusal(_ bytes: [UInt8]) -> String? {
        func word(_ place: Int, _ count: Int) -> UInt64? {
            guard bytes.count >= place + count else { return nil }
            return bytes[place..<(place + count)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard word(0, 4) == 0x5146_49fb, let version = word(4, 4), let backing = word(8, 8), let length = word(16, 4),
            let encryption = word(32, 4), word(68, 4) != nil
        else { return "it is no qcow2" }
        guard version == 2 || version == 3 else { return "it is qcow2 of version \(version), not 2 or 3" }
        if backing != 0 || length != 0 { return "it has a backing file: flatten it first, with qemu-img convert" }
        if encryption != 0 { return "it is encrypted" }
        guard version == 3 else { return nil }
        guard let features = word(72, 8) else { return "it is no qcow2" }
        return features & 4 != 0 ? "its data is in another file: flatten it first, with qemu-img convert" : nil
    }
}
