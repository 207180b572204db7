/// The instance of the daemon that a socket belongs to: where its configuration is, and what its service is called.
struct Instance: Hashable {
    /// Nil for the daemon of `imattrd.service`, and for one whose socket is elsewhere.
    let name: String?

    /// Knows the sockets of the packaged units.
    init(socketPath: String) {
        let unit = Examination.socketUnit(of: socketPath)
        let (start, end) = ("imattrd@", ".socket")
        name = unit.hasPrefix(start) ? String(unit.dropFirst(start.count).dropLast(end.count)) : nil
    }

    /// The unit whose log it is.
    var service: String { name.map { "imattrd@\($0).service" } ?? "imattrd.service" }

    /// The file that the unit reads.
    var configurationFile: String { name.map { "/etc/imattrd/\($0).yaml" } ?? "/etc/imattrd/config.yaml" }
}
