import Glibc
import Synchronization

/// Being another user for a moment. Only root can do that.
///
/// It concerns the whole process, so it is kept apart from what needs to be root: that is done by ``apart(_:)``, or when
/// ``forbid()`` has returned.
enum OtherUsers {
    private static let areAllowed = Mutex(false)

    static func allow() { areAllowed.withLock { $0 = true } }

    /// From now on nothing is done as another user.
    static func forbid() { areAllowed.withLock { $0 = false } }

    /// Does `body` as the user `uid`, if there is one: connections that it makes belong to this user. Inside, it does what
    /// is to be done as the same user. Returns nil where it is not allowed. It takes long, since it concerns all threads.
    static func act<Result>(as uid: uid_t?, _ body: () -> Result?) -> Result? {
        // All who act as others do so on one event loop, so that this is no other's user.
        guard let uid, uid != geteuid() else { return body() }
        return areAllowed.withLock { areAllowed in
            guard areAllowed, seteuid(uid) == 0 else { return nil }
            defer { seteuid(0) }
            return body()
        }
    }

    /// Does `body` as who we are.
    static func apart<Result>(_ body: () throws -> Result) rethrows -> Result {
        try areAllowed.withLock { _ in try body() }
    }
}
