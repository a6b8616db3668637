import DriverModel
import KernelCore
import SystemPackage

extension TestFirmware {
    private typealias Settings = TestFirmwareConfig.Settings

    /// The attributes, in array order.
    static let attributes: [Attribute<TestFirmware>] = [
        .writeOnly("reset") { driver, bytes async throws(Errno) in
            try await driver.update("reset_store") { settings throws(Errno) in
                // What the driver's own initialisation leaves out stays.
                let index = settings.index
                settings = Settings()
                settings.index = index
                driver.log("reset")
            }
            return bytes.count
        },
        .readOnly("config") { driver async throws(Errno) in try await driver.read("config_show") { text($0) } },
        .readWrite(
            "config_name",
            { driver async throws(Errno) in
                try await driver.read("config_name_show") {
                    String(decoding: Parse.cString($0.name), as: UTF8.self) + "\n"
                }
            },
            { driver, bytes async throws(Errno) in
                try await driver.update("config_name_store") { settings throws(Errno) in settings.name = bytes }
                return bytes.count
            }),
        number("config_num_requests_show", "config_num_requests_store", \.requests, asks: true),
        flag("config_into_buf_show", "config_into_buf_store", \.intoBuffer),
        number("config_buf_size_show", "config_buf_size_store", \.bufferSize, asks: true),
        number("config_file_offset_show", "config_file_offset_store", \.fileOffset, asks: true),
        flag("config_partial_show", "config_partial_store", \.partial),
        flag("config_sync_direct_show", "config_sync_direct_store", \.isDirect),
        flag("config_send_uevent_show", "config_send_uevent_store", \.sendsUevent),
        number("config_read_fw_idx_show", "config_read_fw_idx_store", \.index, asks: false),
        request("trigger_request_store", "loading '%s'", "load of '%s' failed: -2", .noSuchFileOrDirectory),
        request("trigger_async_request_store", "loading '%s'", "failed to async load firmware", .noMemory),
        request(
            "trigger_custom_fallback_store", "loading '%s' using custom fallback mechanism",
            "failed to async load firmware", .noSuchDevice),
        .writeOnly("release_all_firmware") { driver, bytes async throws(Errno) in
            try await driver.update("release_all_firmware_store") { _ throws(Errno) in }
            return bytes.count
        },
        .readOnly("test_result") { _ in "0\n" },
        .readOnly("read_firmware") { driver async throws(Errno) in
            let settings = try await driver.read("read_firmware_show") { $0 }
            throw settings.index >= settings.requests ? .outOfRange : .invalidArgument
        },
    ]

    /// A truth value, parsed under the mutex; shown without it.
    private static func flag(
        _ show: StaticString, _ store: StaticString, _ path: any WritableKeyPath<Settings, Bool> & Sendable
    ) -> Attribute<TestFirmware> {
        .readWrite(
            name(show),
            { driver async throws(Errno) in
                try await driver.peek(show) { $0[keyPath: path] ? "1\n" : "0\n" }
            },
            { driver, bytes async throws(Errno) in
                try await driver.update(store) { settings throws(Errno) in
                    guard let value = try? Parse.bool(bytes) else { throw .invalidArgument }
                    settings[keyPath: path] = value
                }
                return bytes.count
            })
    }

    /// A number, parsed before the mutex is taken; shown without it. A size is read with a sign and shown without.
    ///
    /// - Parameter asks: the store takes the mutex once more before that, to see whether requests are under way.
    private static func number<Number: FixedWidthInteger & UnsignedInteger & Sendable>(
        _ show: StaticString, _ store: StaticString, _ path: any WritableKeyPath<Settings, Number> & Sendable,
        asks: Bool
    ) -> Attribute<TestFirmware> {
        .readWrite(
            name(show),
            { driver async throws(Errno) in try await driver.peek(show) { "\($0[keyPath: path])\n" } },
            { driver, bytes async throws(Errno) in
                if asks { await driver.mutex.withLock {} }
                let value: Number
                if Number.self == UInt64.self {
                    value = Number(truncatingIfNeeded: try Parse.signed(bytes, as: Int64.self))
                } else {
                    value = try Parse.unsigned(bytes)
                }
                try await driver.update(store) { settings throws(Errno) in settings[keyPath: path] = value }
                return bytes.count
            })
    }

    /// `config_partial` for `config_partial_show`.
    private static func name(_ method: StaticString) -> String {
        "\(method)".split(separator: "_").dropLast().joined(separator: "_")
    }

    /// A request for firmware that is not there.
    private static func request(
        _ store: StaticString, _ begin: String, _ failed: String, _ error: Errno
    ) -> Attribute<TestFirmware> {
        .writeOnly(name(store)) { driver, bytes async throws(Errno) in
            let file = String(decoding: Parse.cString(bytes), as: UTF8.self)
            driver.log(begin.replacing("%s", with: file))
            try await driver.update(store) { _ throws(Errno) in driver.log(failed.replacing("%s", with: file)) }
            throw error
        }
    }

    private static func text(_ settings: Settings) -> String {
        let name = String(decoding: Parse.cString(settings.name), as: UTF8.self)
        func word(_ value: Bool) -> String { value ? "true" : "false" }
        return "Custom trigger configuration for: test_firmware\nname:\t\(name)\n"
            + "num_requests:\t\(settings.requests)\n"
            + "send_uevent:\t\t\(settings.sendsUevent ? "FW_ACTION_UEVENT" : "FW_ACTION_NOUEVENT")\n"
            + "into_buf:\t\t\(word(settings.intoBuffer))\nbuf_size:\t\(settings.bufferSize)\n"
            + "file_offset:\t\(settings.fileOffset)\npartial:\t\t\(word(settings.partial))\n"
            + "sync_direct:\t\t\(word(settings.isDirect))\nread_fw_idx:\t\(settings.index)\n"
    }

    /// Reads the configuration with no lock.
    private func peek<R>(_ function: StaticString, _ body: (Settings) -> R) async throws(Errno) -> R {
        kernel.enter(function)
        defer { kernel.leave() }
        guard let config else { throw .noSuchDevice }
        config.touch()
        return body(await config.settings.load())
    }

    /// Reads it under the mutex.
    private func read<R>(_ function: StaticString, _ body: (Settings) -> R) async throws(Errno) -> R {
        kernel.enter(function)
        defer { kernel.leave() }
        guard let config else { throw .noSuchDevice }
        return await mutex.withLock {
            config.touch()
            return body(await config.settings.load())
        }
    }

    /// Changes it under the mutex.
    private func update(
        _ function: StaticString, _ body: (inout Settings) throws(Errno) -> Void
    ) async throws(Errno) {
        kernel.enter(function)
        defer { kernel.leave() }
        guard let config else { throw .noSuchDevice }
        try await mutex.withLock { () async throws(Errno) in
            config.touch()
            var settings = await config.settings.load()
            try body(&settings)
            await config.settings.store(settings)
        }
    }
}
