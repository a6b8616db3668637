/// What the store asks the host to do to an image.
enum FileChange {
    case write(UInt64, UnsafeRawBufferPointer)
    case punch(UInt64, UInt64)
    case truncate(UInt64)
    case synchronize
}
