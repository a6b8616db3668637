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
            }
            driver.log("reset")
            return bytes.count
        },
        .readOnly("config") { driver async throws(Errno) in try await driver.read("config_show") { text($0) } },
        setting(
            "config_name_show", "config_name_store", { String(decoding: Parse.cString($0.name), as: UTF8.self) },
            { settings, bytes throws(Errno) in settings.name = bytes }),
        byte("config_num_requests_show", "config_num_requests_store", \.requests),
        flag("config_into_buf_show", "config_into_buf_store", \.intoBuffer),
        size("config_buf_size_show", "config_buf_size_store", \.bufferSize),
        size("config_file_offset_show", "config_file_offset_store", \.fileOffset),
        flag("config_partial_show", "config_partial_store", \.partial),
        flag("config_sync_direct_show", "config_sync_direct_store", \.isDirect),
        flag("config_send_uevent_show", "config_send_uevent_store", \.sendsUevent),
        byte("config_read_fw_idx_show", "config_read_fw_idx_store", \.index),
        request("trigger_request_store", "loading '%s'", "load of '%s' failed: -2", .noSuchFileOrDirectory),
        request("trigger_async_request_store", "loading '%s'", "failed to async load firmware", .noMemory),
        request(
            "trigger_custom_fallback_store", "loading '%s' using custom fallback mechanism",
            "failed to async load firmware", .noSuchDevice),
        .writeOnly("release_all_firmware") { driver, bytes async throws(Errno) in
            try await driver.update("release_all_firmware_store") { _ throws(Errno) in }
            return bytes.count
        },
        // Does not take the mutex.
        .readOnly("test_result") { _ in "0\n" },
        .readOnly("read_firmware") { driver async throws(Errno) in
            let settings = try await driver.read("read_firmware_show") { $0 }
            throw settings.index >= settings.requests ? .outOfRange : .invalidArgument
        },
    ]

    /// A truth value.
    private static func flag(
        _ show: StaticString, _ store: StaticString, _ path: any WritableKeyPath<Settings, Bool> & Sendable
    ) -> Attribute<TestFirmware> {
        setting(show, store, { $0[keyPath: path] ? "1" : "0" }) { settings, bytes throws(Errno) in
            guard let value = try? Parse.bool(bytes) else { throw .invalidArgument }
            settings[keyPath: path] = value
        }
    }

    /// A number up to 255; a negative one loses its upper bits, as in the driver.
    private static func byte(
        _ show: StaticString, _ store: StaticString, _ path: any WritableKeyPath<Settings, UInt8> & Sendable
    ) -> Attribute<TestFirmware> {
        setting(show, store, { "\($0[keyPath: path])" }) { settings, bytes throws(Errno) in
            let value: Int = try Parse.signed(bytes)
            if value > 255 { throw .invalidArgument }
            settings[keyPath: path] = UInt8(truncatingIfNeeded: value)
        }
    }

    private static func size(
        _ show: StaticString, _ store: StaticString, _ path: any WritableKeyPath<Settings, Int> & Sendable
    ) -> Attribute<TestFirmware> {
        setting(show, store, { "\($0[keyPath: path])" }) { settings, bytes throws(Errno) in
            settings[keyPath: path] = try Parse.signed(bytes)
        }
    }

    /// A setting; shown as it was before the mutex was taken, as the driver does.
    private static func setting(
        _ show: StaticString, _ store: StaticString, _ text: @escaping @Sendable (Settings) -> String,
        _ change: @escaping @Sendable (inout Settings, [UInt8]) throws(Errno) -> Void
    ) -> Attribute<TestFirmware> {
        .readWrite(
            String("\(show)".dropLast("_show".count)),
            { driver async throws(Errno) in
                driver.kernel.enter(show)
                defer { driver.kernel.leave() }
                guard let config = driver.config else { throw .noSuchDevice }
                let settings = await config.settings.load()
                await driver.mutex.withLock {}
                return text(settings) + "\n"
            },
            { driver, bytes async throws(Errno) in
                try await driver.update(store) { settings throws(Errno) in try change(&settings, bytes) }
                return bytes.count
            })
    }

    /// A request for firmware that is not there.
    private static func request(
        _ store: StaticString, _ begin: String, _ failed: String, _ error: Errno
    ) -> Attribute<TestFirmware> {
        .writeOnly(String("\(store)".dropLast("_store".count))) { driver, bytes async throws(Errno) in
            let file = String(decoding: Parse.cString(bytes), as: UTF8.self)
            driver.log(begin.replacing("%s", with: file))
            try await driver.update(store) { _ throws(Errno) in driver.log(failed.replacing("%s", with: file)) }
            throw error
        }
    }

    private static func text(_ settings: Settings) -> String {
        let name = settings.name.isEmpty ? "EMTPY" : String(decoding: Parse.cString(settings.name), as: UTF8.self)
        func word(_ value: Bool) -> String { value ? "true" : "false" }
        return "Custom trigger configuration for: test_firmware\nname:\t\(name)\n"
            + "num_requests:\t\(settings.requests)\n"
            + "send_uevent:\t\t\(settings.sendsUevent ? "FW_ACTION_UEVENT" : "FW_ACTION_NOUEVENT")\n"
            + "into_buf:\t\t\(word(settings.intoBuffer))\nbuf_size:\t\(settings.bufferSize)\n"
            + "file_offset:\t\(settings.fileOffset)\npartial:\t\t\(word(settings.partial))\n"
            + "sync_direct:\t\t\(word(settings.isDirect))\nread_fw_idx:\t\(settings.index)\n"
    }

    /// Reads the configuration under the mutex.
    private func read<R>(_ function: StaticString, _ body: (Settings) -> R) async throws(Errno) -> R {
        kernel.enter(function)
        defer { kernel.leave() }
        guard let config else { throw .noSuchDevice }
        return await mutex.withLock { body(await config.settings.load()) }
    }

    /// Changes it under the mutex.
    private func update(
        _ function: StaticString, _ body: (inout Settings) throws(Errno) -> Void
    ) async throws(Errno) {
        kernel.enter(function)
        defer { kernel.leave() }
        guard let config else { throw .noSuchDevice }
        try await mutex.withLock { () async throws(Errno) in
            var settings = await config.settings.load()
            try body(&settings)
            await config.settings.store(settings)
        }
    }
}
