/// The memory that the control groups of a process allow (cgroups(7), version 2).
public struct MemoryLimit: Hashable, Sendable {
    /// Bytes.
    let bytes: Int
    /// The file that says so.
    let origin: String

    /// The least that a group or any group above it allows, by `memory.max` and `memory.high`; nil if there is no
    /// limit.
    /// - Parameters:
    ///   - groups: The text of `/proc/self/cgroup`.
    ///   - root: Where the groups are mounted.
    ///   - read: Gives the text of a file; nil if there is none.
    static func lowest(groups: String, root: String, read: (String) -> String?) -> MemoryLimit? {
        // The line of version 2 has hierarchy 0 and no controllers.
        guard let path = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3) else {
            return nil
        }
        var parts = path.split(separator: "/")
        var limits: [MemoryLimit] = []
        while true {
            for name in ["memory.max", "memory.high"] {
                let file = ([root] + parts.map(String.init) + [name]).joined(separator: "/")
                // The text is a number of bytes, or "max".
                let text = read(file)?.split(whereSeparator: \.isWhitespace).first
                if let bytes = text.flatMap({ Int($0) }) { limits.append(MemoryLimit(bytes: bytes, origin: file)) }
            }
            if parts.popLast() == nil { break }
        }
        return limits.min { $0.bytes < $1.bytes }
    }
}
