import NIOCore

/// Which users' refusals have been logged lately: one that tries again and again does not fill the log.
struct RefusalLog {
    static let pause = TimeAmount.minutes(1)
    /// Users that are remembered; with more, the log is told of each refusal rather than memory filled.
    static let capacity = 1000

    private var users: [UInt32: (logged: NIODeadline, unsaid: Int)] = [:]

    /// Notes a refusal.
    ///
    /// - Returns: How many of the user's refusals have not been logged since the last that was, if this one is to be; else nil.
    mutating func note(_ uid: UInt32, at now: NIODeadline) -> Int? {
        if let user = users[uid], now - user.logged < Self.pause {
            users[uid] = (user.logged, user.unsaid + 1)
            return nil
        }
        let unsaid = users[uid]?.unsaid ?? 0
        if users.count >= Self.capacity { users = users.filter { now - $0.value.logged < Self.pause } }
        if users.count < Self.capacity { users[uid] = (now, 0) }
        return unsaid
    }
}
