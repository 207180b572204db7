import Glibc

/// The memory that the configured bounds can add up to.
struct MemoryBudget: Hashable, Sendable {
    /// Bytes of a daemon that is idle: code, libraries, the trust roots of TLS.
    static let base = 16 << 20
    /// Bytes that a waiting account takes at most, with its part of the request.
    static let perWaitingAccount = 1024

    /// Bytes in all.
    let bytes: Int

    /// - Parameters:
    ///   - maxBufferedBytes: Bounds answers that are not written, and as many bytes of lines that are not complete.
    ///   - cacheMaxBytes: Bytes of held answers.
    ///   - maxQueuedAccounts: Waiting accounts.
    init(maxBufferedBytes: Int, cacheMaxBytes: Int, maxQueuedAccounts: Int) {
        // The keys' ranges keep the sum far from overflow.
        bytes = Self.base + 2 * maxBufferedBytes + cacheMaxBytes + maxQueuedAccounts * Self.perWaitingAccount
    }

    /// The sum and the limit, on one line.
    func summary(_ limit: MemoryLimit?) -> String {
        let bound = limit.map { "the limit is \(Self.mebibytes($0.bytes)) (\($0.origin))" } ?? "there is no limit"
        return "memory: the bounds add up to \(Self.mebibytes(bytes)), and \(bound)"
    }

    /// Why the bounds do not fit into the limit, on one line; nil if they do.
    func shortage(_ limit: MemoryLimit?) -> String? {
        guard let limit, limit.bytes < bytes else { return nil }
        return """
            too little memory: maxBufferedBytes (twice), cacheMaxBytes and maxQueuedAccounts (\
            \(Self.perWaitingAccount) bytes each) can add up to \(Self.mebibytes(bytes)), and \(limit.origin) is \
            \(Self.mebibytes(limit.bytes)); lower them, or \(limit.remedy)
            """
    }

    private static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}

/// The memory that a process can have.
public struct MemoryLimit: Hashable, Sendable {
    /// Bytes.
    let bytes: Int
    /// What says so: a file, or the name of the limit.
    let origin: String
    /// What gives more.
    var remedy = "raise MemoryMax= and MemoryHigh="

    /// The least of what the process's control groups, its own limits and the machine allow.
    /// - Parameter read: Gives the text of a file; nil if there is none.
    static func ofThisProcess(read: (String) -> String?) -> MemoryLimit? {
        let groups = read("/proc/self/cgroup").flatMap { lowest(groups: $0, root: "/sys/fs/cgroup", read: read) }
        let own = [
            (RLIMIT_AS, "RLIMIT_AS", "LimitAS= or `ulimit -v`"),
            (RLIMIT_DATA, "RLIMIT_DATA", "LimitDATA= or `ulimit -d`"),
        ]
        let limits = own.map { kind, name, knob in
            var limit = rlimit()
            let isKnown = getrlimit(__rlimit_resource_t(kind.rawValue), &limit) == 0
            return MemoryLimit(
                bytes: isKnown ? Int(clamping: limit.rlim_cur) : .max, origin: name, remedy: "raise \(knob)")
        }
        let machine = MemoryLimit(
            bytes: sysconf(CInt(_SC_PHYS_PAGES)) * sysconf(CInt(_SC_PAGESIZE)), origin: "the machine's memory",
            remedy: "use a machine with more")
        return ([groups, machine] + limits).compactMap(\.self).min { $0.bytes < $1.bytes }
    }

    /// The least that a control group or any group above it allows (cgroups(7), version 2), by `memory.max` and `memory.high`; nil if there is no
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
