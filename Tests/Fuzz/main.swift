import Foundation
import PageStore

/// libFuzzer's own loop; `LLVMFuzzerTestOneInput` of other programs is `callback` here.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ argc: UnsafeMutablePointer<Int32>,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> Int32
) -> Int32

let subject = FuzzedImage()
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runDriver(&count, &arguments) { bytes, length in
        subject.run(UnsafeBufferPointer(start: bytes, count: length))
        return 0
    })
