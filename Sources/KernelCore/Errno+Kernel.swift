import SystemPackage

extension Errno {
    /// The device, or what stands for it, is gone or going.
    ///
    /// The corresponding C error is `ENODEV`; the library calls it `operationNotSupportedByDevice`, which says
    /// nothing to a reader of drivers.
    public static var noSuchDevice: Errno { .operationNotSupportedByDevice }
}
