import JSONTokens

/// What the daemon says of itself, taken from the result of `getStatus`. What it does not say is nil or empty.
struct DaemonStatus {
    private let values: [String: String]
    /// Why the daemon is in its state; harmless on a terminal.
    let reasons: [String]
    /// How often upstream's calls failed with each code.
    let failedCalls: [(code: String, count: Int)]

    /// Reads the JSON text of a `getStatus` result.
    init(_ json: [UInt8]) throws(JSONSyntaxError) {
        let flat = try FlatValues(json).values
        values = Dictionary(flat.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
        reasons = flat.filter { $0.name.hasPrefix("reasons[") }.map(\.text)
        failedCalls = flat.compactMap { value in
            let prefix = "counters.failedCallsByCode."
            guard value.name.hasPrefix(prefix), let count = Int(value.text) else { return nil }
            return (String(value.name.dropFirst(prefix.count)), count)
        }
    }

    /// A value by its name, as `limiter.slotsHeld`; harmless on a terminal.
    subscript(_ name: String) -> String? { values[name] }

    /// How many elements a list has; nil if it is not there.
    func count(of list: String) -> Int? {
        let count = values.keys.count { $0.hasPrefix("\(list)[") }
        return count == 0 ? nil : count
    }

    /// Whether the caller's rule gives it `getAttrs`.
    var mayAskForAttributes: Bool {
        let methods = values.filter { $0.key.hasPrefix("caller.rule.methods[") }.values
        return methods.isEmpty || methods.contains("getAttrs")
    }

    /// A whole number by its name.
    func integer(_ name: String) -> Int? { values[name].flatMap { Int($0) } }

    /// The waiting accounts of a user, and the users that have some; nil if the daemon does not say.
    func place(of uid: UInt32) -> (waiting: Int, users: Int)? {
        guard values["queue.waitingAccounts"] != nil else { return nil }
        let prefix = "queue.waitingAccountsByUid."
        // An earlier daemon lists all users.
        let users = integer("queue.waitingUsers") ?? values.count { $0.key.hasPrefix(prefix) && Int($0.value) ?? 0 > 0 }
        return (integer("\(prefix)\(uid)") ?? 0, users)
    }

    /// What accounts wait for, in one sentence without its end; nil if it cannot be seen.
    var obstacle: String? {
        if values["upstream.open"] == "false" { return "they wait for the upstream, which fails" }
        if let held = integer("limiter.slotsHeld"), let limit = integer("limiter.currentLimit"), held * 10 >= limit * 9
        {
            return "they wait for the limit of \(Quantity.count(limit, "call"))/s"
        }
        if let calls = integer("limiter.callsUnderWay"), let most = integer("limiter.maxInFlight"), calls >= most {
            return "they wait for answers of the upstream to \(Quantity.count(calls, "call"))"
        }
        return nil
    }

    /// The daemon's state; empty if the daemon does not report it.
    var state: State { State(rawValue: values["state"] ?? "") ?? .unknown }

    /// The states that a daemon can be in.
    enum State: String {
        case ready, degraded, misconfigured, stopping
        /// One that this version does not know.
        case unknown
    }
}
