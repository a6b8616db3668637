import CFuse3

/// What a change of attributes changes, libfuse's `FUSE_SET_ATTR_*`.
struct SettableAttributes: OptionSet {
    let rawValue: Int32

    static let mode = Self(rawValue: FUSE_SET_ATTR_MODE)
    static let user = Self(rawValue: FUSE_SET_ATTR_UID)
    static let group = Self(rawValue: FUSE_SET_ATTR_GID)
    static let size = Self(rawValue: FUSE_SET_ATTR_SIZE)
    static let modification = Self(rawValue: FUSE_SET_ATTR_MTIME)
    static let modificationNow = Self(rawValue: FUSE_SET_ATTR_MTIME_NOW)
}
