/// A piece of the log.
struct Extent {
    var offset: UInt64
    var bytes: Int
}
