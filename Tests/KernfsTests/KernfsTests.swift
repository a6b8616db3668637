import KernelCore
import SystemPackage
import Testing

@testable import Kernfs

/// An attribute whose methods wait for a lock that the test may hold.
private final class Text: KernfsOps {
    let lock: Mutex
    var text = "hello\n"
    var shows = 0
    var stores: [[UInt8]] = []
    let canShow = true
    let canStore = true
    init(_ lock: Mutex) { self.lock = lock }
    func show() async throws(Errno) -> String {
        await lock.withLock { shows += 1 }
        return text
    }
    func store(_ bytes: [UInt8]) async throws(Errno) -> Int {
        await lock.withLock { stores.append(bytes) }
        return bytes.count
    }
}

private final class Tree {
    let isolation = LiveIsolation()
    let kernel: Kernel
    let root: KernfsRoot
    let lock: Mutex
    let text: Text
    let node: KernfsNode
    var log: [String] = []

    init() throws {
        kernel = Kernel(mode: .live, executor: isolation.executor)
        root = KernfsRoot(kernel: kernel)
        lock = Mutex(kernel: kernel, name: "lock")
        text = Text(lock)
        node = try root.makeFile("text", in: root.node, mode: 0o644, ops: text)
    }

    deinit { isolation.run { kernel.halt() } }

    /// Runs `body`; its name is in `log` once it has ended, with its errno.
    func run(_ name: String, _ body: @escaping () async throws(Errno) -> Void) {
        isolation.run {
            kernel.spawn(name) { [unowned self] _ in
                do throws(Errno) {
                    try await body()
                    log.append(name)
                } catch {
                    log.append("\(name) \(error.rawValue)")
                }
            }
        }
    }
}

@Suite("kernfs")
struct KernfsTests {
    @Test("removal waits for the operation that runs, new ones are refused")
    func drain() throws {
        let tree = try Tree()
        var file: KernfsOpenFile?
        tree.run("open") { () async throws(Errno) in
            file = try await KernfsOpenFile(tree.node, read: true, write: true)
        }
        let gate = tree.kernel.points.byName["lock.lock"]!
        tree.isolation.run { tree.kernel.points.hold(gate, count: 1) }
        tree.run("write") { () async throws(Errno) in _ = try await file!.write([1]) }
        #expect(tree.node.active == 1)
        tree.run("remove") { () async throws(Errno) in await tree.root.remove(tree.node) }
        tree.run("remove too") { () async throws(Errno) in await tree.root.remove(tree.node) }
        tree.run("open late") { () async throws(Errno) in
            _ = try await KernfsOpenFile(tree.node, read: true, write: false)
        }
        #expect(tree.log == ["open", "open late 19"])
        #expect(tree.root.lookup("text", in: tree.root.node) == nil)
        #expect(tree.root.node.child("text") != nil)
        tree.isolation.run { tree.kernel.points.go(gate) }
        #expect(Set(tree.log.dropFirst(2)) == ["write", "remove", "remove too"])
        #expect(tree.root.node.children.isEmpty)
    }

    @Test("several removers may drain one node; all return")
    func removers() throws {
        let tree = try Tree()
        tree.kernel.points.declare("text", [.drain])
        let point = tree.kernel.points.byName["text.drain"]!
        tree.isolation.run { tree.kernel.points.hold(point, count: .max) }
        tree.run("one") { () async throws(Errno) in await tree.root.remove(tree.node) }
        tree.run("two") { () async throws(Errno) in await tree.root.remove(tree.node) }
        #expect(tree.log.isEmpty && point.held.count == 2)
        tree.isolation.run { tree.kernel.points.clear(point) }
        #expect(tree.log.sorted() == ["one", "two"])
        #expect(tree.root.node.children.isEmpty)
    }

    @Test("reads: show runs at position 0 and at a jump, what it gave is read on, also after removal")
    func reads() throws {
        let tree = try Tree()
        tree.run("read") { () async throws(Errno) in
            let file = try await KernfsOpenFile(tree.node, read: true, write: false)
            #expect(file.hasNews)
            #expect(try await file.read(at: 0, count: 2).bytes == Array("he".utf8))
            #expect(!file.hasNews)
            #expect(try await file.read(at: 2, count: 100).bytes == Array("llo\n".utf8))
            #expect(try await file.read(at: 6, count: 100).isEmpty)
            #expect(tree.text.shows == 1)
            #expect(try await file.read(at: 0, count: 100).count == 6)
            #expect(tree.text.shows == 2)
            #expect(try await file.read(at: 50, count: 100).isEmpty)
            #expect(tree.text.shows == 3)
            tree.node.notify()
            #expect(file.hasNews)
            _ = try await file.read(at: 0, count: 1)
            await tree.root.remove(tree.node)
            #expect(try await file.read(at: 1, count: 100).bytes == Array("ello\n".utf8))
            #expect(file.hasNews)
            _ = try await file.read(at: 6, count: 100)
        }
        #expect(tree.log == ["read 19"])
    }

    @Test("writes: one store of at most a page, none of nothing")
    func writes() throws {
        let tree = try Tree()
        tree.run("write") { () async throws(Errno) in
            let file = try await KernfsOpenFile(tree.node, read: false, write: true)
            #expect(try await file.write([UInt8](repeating: 7, count: 5000)) == 4096)
            #expect(try await file.write([]) == 0)
            #expect(tree.text.stores.map(\.count) == [4096])
            await tree.root.remove(tree.node)
            _ = try await file.write([1])
        }
        #expect(tree.log == ["write 19"])
    }

    @Test("two stores on one attribute run side by side, two on one open file one after the other")
    func sideBySide() throws {
        let tree = try Tree()
        tree.run("hold") { () async throws(Errno) in await tree.lock.lock() }
        for name in ["a", "b"] {
            tree.run(name) { () async throws(Errno) in
                _ = try await (try await KernfsOpenFile(tree.node, read: false, write: true)).write([1])
            }
        }
        #expect(tree.node.active == 2)
        tree.run("same file") { () async throws(Errno) in
            let file = try await KernfsOpenFile(tree.node, read: false, write: true)
            for name in ["c", "d"] { tree.kernel.spawn(name) { _ in _ = try? await file.write([1]) } }
        }
        #expect(tree.node.active == 3)
    }

    @Test("the wrong direction is refused, whoever asks")
    func direction() throws {
        let tree = try Tree()
        let readOnly = try tree.root.makeFile("ro", in: tree.root.node, mode: 0o444, ops: tree.text)
        tree.run("open") { () async throws(Errno) in _ = try await KernfsOpenFile(readOnly, read: true, write: true) }
        #expect(tree.log == ["open 13"])
    }

    @Test("self-removal has one winner; the loser returns once the winner's operation is over")
    func selfRemoval() throws {
        let tree = try Tree()
        var won: [Bool] = []
        for name in ["a", "b"] {
            tree.run(name) { () async throws(Errno) in
                guard let active = await tree.node.getActive() else { return }
                await tree.lock.withLock {}
                won.append(await tree.root.removeSelf(tree.node))
                await active.put()
            }
        }
        #expect(won == [true] && tree.log == ["a", "b"])
        #expect(tree.root.node.children.isEmpty)
    }
}
