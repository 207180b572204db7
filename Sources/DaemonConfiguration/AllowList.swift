import Glibc
import JSONRPCServer

/// Who may ask, if not everybody whom the socket's mode lets in.
public struct AllowList: Hashable, Sendable {
    private var uids: Set<UInt32> = []
    private var gids: Set<UInt32> = []

    /// Reads `user:NAME`, `group:NAME`, `uid:N` and `gid:N`, and looks names up.
    /// - Throws: What is wrong with the first rule that cannot be understood.
    init(_ rules: [String]) throws(UnusableValue) {
        if rules.isEmpty {
            throw UnusableValue(reason: "an empty list allows no user; leave the key out to allow all")
        }
        for rule in rules { try add(rule) }
    }

    /// Whether a caller may ask. One match suffices; root always may.
    public func allows(_ caller: Caller) -> Bool {
        caller.uid == 0 || uids.contains(caller.uid) || gids.contains(caller.gid)
            || caller.groups.contains(where: gids.contains)
    }

    private mutating func add(_ rule: String) throws(UnusableValue) {
        let parts = rule.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { throw Self.unknown(rule) }
        switch parts[0] {
        case "user": uids.insert(try Self.uid(ofUser: parts[1]))
        case "group": gids.insert(try Self.gid(ofGroup: parts[1]))
        case "uid": uids.insert(try Self.number(parts[1], rule))
        case "gid": gids.insert(try Self.number(parts[1], rule))
        default: throw Self.unknown(rule)
        }
    }

    private static func unknown(_ rule: String) -> UnusableValue {
        UnusableValue(reason: "\(WrittenText(rule)) is no rule; allowed are user:NAME, group:NAME, uid:N and gid:N")
    }

    private static func number(_ text: String, _ rule: String) throws(UnusableValue) -> UInt32 {
        guard let number = UInt32(text), number < .max else { throw unknown(rule) }
        return number
    }

    private static func uid(ofUser name: String) throws(UnusableValue) -> UInt32 {
        guard let entry = getpwnam(name) else { throw UnusableValue(reason: "there is no user \(WrittenText(name))") }
        return entry.pointee.pw_uid
    }

    private static func gid(ofGroup name: String) throws(UnusableValue) -> UInt32 {
        guard let entry = getgrnam(name) else { throw UnusableValue(reason: "there is no group \(WrittenText(name))") }
        return entry.pointee.gr_gid
    }
}

/// Why a value cannot be used: what follows it in a problem.
struct UnusableValue: Error { let reason: String }
