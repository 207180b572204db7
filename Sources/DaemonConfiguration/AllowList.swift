import Glibc
import JSONRPCServer
import Rights

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

    /// Whether a caller may ask. One match suffices; root always may, but not on a socket for containers, where it is one of theirs.
    public func allows(_ caller: Caller, at door: Door = .callers) -> Bool {
        if door == .administrators { return true }
        return caller.uid == 0 && door == .callers || uids.contains(caller.uid) || gids.contains(caller.gid)
            || caller.groups.contains(where: gids.contains)
    }

    private mutating func add(_ rule: String) throws(UnusableValue) {
        switch try RuleMatch.Condition(written: rule, allowed: "user:NAME, group:NAME, uid:N and gid:N") {
        case .user(_, let uid), .uid(let uid): uids.insert(uid)
        case .group(_, let gid), .gid(let gid): gids.insert(gid)
        }
    }
}

extension RuleMatch.Condition {
    /// Reads `user:NAME`, `group:NAME`, `uid:N` and `gid:N`, and looks names up.
    /// - Parameter allowed: What may be written there, for a person.
    init(written text: String, allowed: String) throws(UnusableValue) {
        let unknown = UnusableValue(reason: "\(WrittenText(text)) is no rule; allowed are \(allowed)")
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { throw unknown }
        let number = UInt32(parts[1]).flatMap { $0 < .max ? $0 : nil }
        switch (parts[0], number) {
        case ("user", _): self = .user(parts[1], uid: try Self.uid(ofUser: parts[1]))
        case ("group", _): self = .group(parts[1], gid: try Self.gid(ofGroup: parts[1]))
        case ("uid", let number?): self = .uid(number)
        case ("gid", let number?): self = .gid(number)
        default: throw unknown
        }
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
