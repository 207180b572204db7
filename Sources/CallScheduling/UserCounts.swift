/// A number for each user, 0 for most. The user whose number changed last is found without hashing: mostly it is the next one, too.
struct UserCounts: Sendable {
    private var last: UInt32 = 0
    private var lastCount = 0
    /// The others' that are not 0.
    private var others: [UInt32: Int] = [:]

    subscript(uid: UInt32) -> Int { uid == last ? lastCount : others[uid, default: 0] }

    mutating func change(by count: Int, uid: UInt32) {
        if uid != last {
            others[last] = lastCount == 0 ? nil : lastCount
            (last, lastCount) = (uid, others.removeValue(forKey: uid) ?? 0)
        }
        lastCount += count
    }

    /// Those that are not 0.
    var all: [UInt32: Int] {
        var all = others
        all[last] = lastCount == 0 ? nil : lastCount
        return all
    }
}
