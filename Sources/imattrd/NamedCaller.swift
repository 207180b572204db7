import ArgumentParser
import DaemonConfiguration
import Glibc
import JSONRPCServer

/// A caller that an operator asks about: `--as user:NAME`, `--as uid:N`, `--as socket:NAME,uid:N,gid:N`.
struct NamedCaller {
    private(set) var caller = Caller(uid: .max, gid: .max, groups: [])
    private(set) var door = Door.callers

    init(_ text: String) throws {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", maxSplits: 1).map(String.init)
            guard words.count == 2 else { throw Self.unknown }
            switch (words[0], UInt32(words[1])) {
            case ("user", _):
                guard let entry = getpwnam(words[1]) else {
                    throw ValidationError("--as: there is no user \(WrittenText(words[1]))")
                }
                take(entry.pointee)
            case ("uid", let uid?):
                if let entry = getpwuid(uid) {
                    take(entry.pointee)
                } else {
                    caller = Caller(uid: uid, gid: .max, groups: [])
                }
            case ("gid", let gid?):
                caller = Caller(uid: caller.uid, gid: caller.gid, groups: caller.groups + [gid])
            case ("socket", _) where Door.isName(words[1]): door = .named(words[1])
            default: throw Self.unknown
            }
        }
    }

    private static var unknown: ValidationError {
        ValidationError("--as: give user:NAME, uid:N, gid:N or socket:NAME, separated by commas")
    }

    /// With the groups that a login of the user has.
    private mutating func take(_ user: passwd) {
        var groups = [gid_t](repeating: 0, count: 65536)
        var count = CInt(groups.count)
        getgrouplist(user.pw_name, user.pw_gid, &groups, &count)
        caller = Caller(uid: user.pw_uid, gid: user.pw_gid, groups: Array(groups.prefix(max(0, Int(count)))))
    }
}
