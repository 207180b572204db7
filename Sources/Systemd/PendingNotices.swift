/// What the service manager has not received yet: of several notices of a kind, only the last one counts.
struct PendingNotices: DeliveryLoad {
    /// One datagram, with a descriptor that goes with it.
    struct Datagram: Hashable, Sendable {
        let text: String
        var descriptor: CInt?
    }

    /// Descriptors that the manager is to keep.
    private var stored: [Datagram] = []
    /// `RELOADING=1` and `READY=1`, or one of them, or `STOPPING=1`.
    private var phases: [String] = []
    private var status: String?
    private var sign: String?

    /// Nothing is to be reported.
    init() {}

    var isEmpty: Bool { stored.isEmpty && phases.isEmpty && status == nil && sign == nil }

    /// Adds a notice, and drops what it makes obsolete.
    mutating func add(_ notice: ServiceManager.Notice) {
        let text = notice.assignment
        switch notice {
        case .reloading, .stopping: phases = [text]
        // It ends a reload, which an earlier datagram reports.
        case .ready: phases = phases.filter { $0.hasPrefix("RELOADING") } + [text]
        case .status: status = text
        case .alive: sign = sign ?? text
        case .broken: sign = text
        }
    }

    /// Adds a descriptor to keep.
    mutating func store(_ descriptor: CInt, name: String) {
        stored.append(Datagram(text: "FDSTORE=1\nFDNAME=\(name)", descriptor: descriptor))
    }

    /// What is to be sent, in this order.
    var datagrams: [Datagram] {
        let last = [phases.last, status, sign].compactMap(\.self).joined(separator: "\n")
        return stored + phases.dropLast().map { Datagram(text: $0) } + (last.isEmpty ? [] : [Datagram(text: last)])
    }
}
