import Logging
import NIOCore

/// The events that matter to an operator, each with the number by which the journal finds it (`MESSAGE_ID=`). The numbers
/// never change.
public enum Event: String, CaseIterable, Sendable {
    /// The daemon has started and serves requests.
    case started = "6ca7844c7bf01f95a6984da75670a918"
    /// The daemon has stopped as requested.
    case stopped = "c6a629348cf5a8cd631e9f60deef2ef1"
    /// The state or its reason has changed.
    case stateChanged = "005ca20dbc6ddea82c663438ac0dcd02"
    /// A new configuration is in force.
    case reloaded = "6b7f9dd28e74b2441927b8b0a874a314"
    /// A new configuration cannot be used; the old one holds.
    case reloadFailed = "030c6af6752aeb52be0faaea96c27ed0"
    /// An earlier process was killed; its calls count.
    case slotsFound = "af1c1dd18fcdbeaa18ccac4b2349ab14"
    /// `allow` or a rule has refused a user; logged once a minute for each user.
    case accessDenied = "7ce1526f8e0ac5003803f962bff916c9"
    /// An administrator has used `reload`, `setLogLevel` or `getCallers`.
    case administration = "51f5756fd11a43c6de6dfa0ae0defad5"
    /// No file descriptor is left for another connection.
    case descriptorShortage = "497cd5b8b54c46490b45e7da4e17ae31"
    /// The daemon stopped making progress, and has the watchdog restart it.
    case broken = "96466a2049bd75ff653773a476966fe5"

    /// What is logged with the event: its number, and more.
    public func metadata(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata = more
        metadata["MESSAGE_ID"] = "\(rawValue)"
        return metadata
    }
}

/// Which users' refusals have been logged lately: one that tries again and again does not fill the log.
struct RefusalLog {
    static let pause = TimeAmount.minutes(1)
    /// Users that are remembered; with more, each refusal is logged, so that memory stays bounded.
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
