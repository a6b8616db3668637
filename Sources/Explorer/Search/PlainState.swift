import KernelCore
import KernelModule
import Machine

/// What drivers keep in plain variables, of which the explorer knows nothing: an object's member, and what it says.
///
/// While a module is live, no step may change any of it: what is shared belongs into `Guarded`, `Racy`, `Noted` or
/// `Pointer`. Objects are found from the module's code, through whatever points to them.
struct PlainState {
    private struct Member: Hashable {
        let object: Int
        let name: String
    }

    /// Follows something that is noted, and why it is no state of its own.
    static let derived: [String: String] = [
        "Zcomp.streams": "one for each CPU that is online, which the hotplug layer notes"
    ]

    private var members: [Member: String] = [:]
    private var seen: Set<ObjectIdentifier> = []
    // Keeps the objects, or else another might be made in the place of one that is gone. Not memory: who holds on to it
    // keeps alive what the step may free. Its number does as well.
    private var objects: [AnyObject] = []

    /// Looks at the drivers of a machine whose modules are live.
    init(_ machine: Machine) {
        for module in machine.modules.modules where module.state == .live {
            guard let code = module.code else { continue }
            visit(code, of: Self.target(Swift.type(of: code)))
        }
    }

    /// The first member that says something else in `after`; of objects that both know.
    func change(to after: PlainState) -> String? {
        members.lazy.compactMap { member, value in
            after.members[member].flatMap { $0 == value || Self.derived[member.name] != nil ? nil : member.name }
        }.min()
    }

    /// The Swift module that a type belongs to.
    private static func target(_ type: Any.Type) -> Substring { String(reflecting: type).prefix { $0 != "." } }

    private static func identity(_ object: AnyObject) -> Int {
        (object as? KernelMemory).map { Int($0.id) } ?? ObjectIdentifier(object).hashValue
    }

    private mutating func visit(_ object: AnyObject, of target: Substring) {
        guard seen.insert(ObjectIdentifier(object)).inserted else { return }
        if !(object is KernelMemory) { objects.append(object) }
        var mirror: Mirror? = Mirror(reflecting: object)
        while let fields = mirror, Self.target(fields.subjectType) == target {
            for field in fields.children {
                let name = "\(fields.subjectType).\(field.label ?? "")"
                look(field.value, in: Member(object: Self.identity(object), name: name), target, isNoted: false)
            }
            mirror = fields.superclassMirror
        }
    }

    private mutating func look(_ value: Any, in member: Member, _ target: Substring, isNoted: Bool) {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .class {
            let object = value as AnyObject
            if object is KernelObject {
                // Its value is noted, but it may lead to other objects of the driver's.
                for field in mirror.children where field.label == "storage" {
                    look(field.value, in: member, target, isNoted: true)
                }
            } else if Self.target(mirror.subjectType) == target {
                visit(object, of: target)
            } else if !isNoted {
                members[member, default: ""] += "\(ObjectIdentifier(object).hashValue);"
            }
        } else if mirror.children.isEmpty {
            // Closures say nothing, and are no state.
            if !isNoted { members[member, default: ""] += "\(value);" }
        } else {
            for field in mirror.children { look(field.value, in: member, target, isNoted: isNoted) }
        }
    }
}
