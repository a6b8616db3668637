import KernelCore
import SystemPackage
import Testing

@testable import CPUHotplug

private final class Instance: CPUHotplugInstance {
    let memory: KernelMemory
    var up: Set<Int> = []
    var failsOn: Int?
    init(_ kernel: Kernel) { memory = KernelMemory(kernel: kernel, kind: "instance") }
    func cpuUp(_ cpu: Int) throws(Errno) {
        if cpu == failsOn { throw .noMemory }
        up.insert(cpu)
    }
    func cpuDown(_ cpu: Int) { up.remove(cpu) }
}

@Suite("CPU hotplug")
struct CPUHotplugTests {
    private func run(_ body: @escaping (CPUHotplug, inout [String]) async throws -> Void) {
        let isolation = LiveIsolation()
        let kernel = Kernel(mode: .live, executor: isolation.executor)
        var events: [String] = []
        kernel.onEvent = { event in
            switch event {
            case .warning(let warning): events.append(warning.kind)
            case .oops(let oops): events.append(oops.what)
            default: break
            }
        }
        var isDone = false
        isolation.run {
            let hotplug = CPUHotplug(kernel: kernel, cpus: 3)
            kernel.spawn("test") { _ in
                var copy: [String] = []
                do { try await body(hotplug, &copy) } catch { Issue.record(error) }
                #expect(events == copy)
                isDone = true
            }
        }
        #expect(isDone)
        isolation.run { kernel.halt() }
    }

    @Test("an instance is called for each CPU that is online, and follows them")
    func follows() {
        run { hotplug, _ in
            let instance = Instance(hotplug.kernel)
            try await hotplug.setupMulti(63, name: "x")
            try await hotplug.set(cpu: 1, online: false)
            try await hotplug.addInstance(63, instance)
            #expect(instance.up == [0, 2])
            try await hotplug.set(cpu: 1, online: true)
            #expect(instance.up == [0, 1, 2])
            try await hotplug.set(cpu: 2, online: false)
            #expect(instance.up == [0, 1] && hotplug.onlineCount == 2)
            await hotplug.removeInstance(63, instance)
            #expect(instance.up.isEmpty && hotplug.instanceCount(63) == 0)
            await hotplug.removeMulti(63)
        }
    }

    @Test("an instance that fails on one CPU is rolled back")
    func rollsBack() {
        run { hotplug, _ in
            let instance = Instance(hotplug.kernel)
            instance.failsOn = 2
            try await hotplug.setupMulti(63, name: "x")
            await #expect(throws: Errno.noMemory) { try await hotplug.addInstance(63, instance) }
            #expect(instance.up.isEmpty && hotplug.instanceCount(63) == 0)
        }
    }

    @Test("removing a state with instances warns, and they leak")
    func instancesLeft() {
        run { hotplug, events in
            let instance = Instance(hotplug.kernel)
            try await hotplug.setupMulti(63, name: "x")
            await #expect(throws: Errno.resourceBusy) { try await hotplug.setupMulti(63, name: "x") }
            try await hotplug.addInstance(63, instance)
            await hotplug.removeMulti(63)
            #expect(instance.up == [0, 1, 2])
            try await hotplug.setupMulti(63, name: "x")
            events = ["instances-left"]
        }
    }

    @Test("the last CPU stays, and there is no CPU 3")
    func lastCPU() {
        run { hotplug, _ in
            try await hotplug.set(cpu: 0, online: false)
            try await hotplug.set(cpu: 1, online: false)
            await #expect(throws: Errno.resourceBusy) { try await hotplug.set(cpu: 2, online: false) }
            await #expect(throws: Errno.invalidArgument) { try await hotplug.set(cpu: 3, online: false) }
        }
    }

    @Test("a freed instance that is still listed is a page fault at the next CPU that comes up")
    func freedInstance() {
        let isolation = LiveIsolation()
        let kernel = Kernel(mode: .live, executor: isolation.executor)
        var oopses: [String] = []
        kernel.onEvent = { if case .oops(let oops) = $0 { oopses.append(oops.what) } }
        isolation.run {
            let hotplug = CPUHotplug(kernel: kernel, cpus: 2)
            kernel.spawn("test") { _ in
                let instance = Instance(kernel)
                try? await hotplug.setupMulti(63, name: "x")
                try? await hotplug.addInstance(63, instance)
                instance.memory.free()
                try? await hotplug.set(cpu: 1, online: false)
            }
        }
        #expect(oopses == ["instance"])
        isolation.run { kernel.halt() }
    }
}
