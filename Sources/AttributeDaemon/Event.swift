import Logging

/// The events that matter to an operator, each with the number by which the journal finds it (`MESSAGE_ID=`). The numbers
/// never change.
public enum Event: String, CaseIterable, Sendable {
    /// The daemon serves.
    case started = "6ca7844c7bf01f95a6984da75670a918"
    /// The daemon has stopped as requested.
    case stopped = "c6a629348cf5a8cd631e9f60deef2ef1"
    /// The state is another, or its reason.
    case stateChanged = "005ca20dbc6ddea82c663438ac0dcd02"
    /// A new configuration is in force.
    case reloaded = "6b7f9dd28e74b2441927b8b0a874a314"
    /// A new configuration cannot be used; the old one holds.
    case reloadFailed = "030c6af6752aeb52be0faaea96c27ed0"
    /// An earlier process was killed; its calls count.
    case slotsFound = "af1c1dd18fcdbeaa18ccac4b2349ab14"
    /// The `allow` rules have refused a user; logged once a minute for each user.
    case accessDenied = "7ce1526f8e0ac5003803f962bff916c9"
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
