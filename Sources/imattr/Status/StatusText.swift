/// A status as aligned lines for a person.
struct StatusText {
    let status: DaemonStatus
    let style: Style
    /// Now, in seconds since 1970.
    let now: Int
    /// The caller's user; nil to say nothing about it.
    var uid: UInt32?

    private static let labelWidth = 10

    var lines: [String] {
        var lines = [line("imattrd", head)]
        for reason in status.reasons { lines.append(line("", reason)) }
        let rows: [(label: String, text: String?)] = [
            ("upstream", upstream), ("UserSig", userSig), ("limit", limit), ("queue", queue), ("you", you),
            ("rule", rule),
            ("calls", calls),
            ("failures", failures), ("requests", requests), ("held", held), ("callers", callers), ("reload", reload),
        ]
        for row in rows {
            guard let text = row.text else { continue }
            lines.append(line(row.label, text))
        }
        return lines
    }

    private func line(_ label: String, _ text: String) -> String {
        style.bold(TerminalText.pad(label, to: Self.labelWidth)) + text
    }

    private var head: String {
        var parts = [style.paint(status.state, status["state"] ?? "?")]
        if let version = status["version"] { parts.append("version \(version)") }
        if let pid = status["pid"] { parts.append("pid \(pid)") }
        if let seconds = status.integer("uptimeSeconds") { parts.append("up \(Quantity.duration(seconds: seconds))") }
        return parts.joined(separator: ", ")
    }

    private var upstream: String? {
        guard let host = status["upstream.host"] else { return nil }
        guard status["upstream.healthy"] == "false" else { return "\(host), \(style.paint("well", .green))" }
        var text = "\(host), \(style.paint("failing", .red))"
        if let inARow = status.integer("upstream.failuresInARow"), inARow > 1 { text += ", \(inARow) times in a row" }
        if let code = status["upstream.lastError.code"] {
            text += ": \(code) \(status["upstream.lastError.message"] ?? "")"
        }
        return text
    }

    private var userSig: String? {
        guard let expiry = status.integer("userSig.expiresAt") else { return nil }
        return expiry > now ? "valid for \(Quantity.duration(seconds: expiry - now))" : style.paint("expired", .yellow)
    }

    private var limit: String? {
        guard let limit = status.integer("limiter.rateLimit"), let held = status.integer("limiter.slotsHeld") else {
            return nil
        }
        let current = status.integer("limiter.currentLimit") ?? limit
        var text = "\(Quantity.count(limit, "call"))/s, \(held) of \(current) slots held"
        if let underWay = status.integer("limiter.callsUnderWay") { text += ", \(underWay) under way" }
        if let why = status["limiter.why"] { text += "; \(style.paint("lowered to \(current)", .yellow)): \(why)" }
        return text
    }

    private var queue: String? {
        guard let requests = status.integer("queue.requests") else { return nil }
        var text = Quantity.count(requests, "request")
        if let waiting = status.integer("queue.waitingAccounts") {
            text += ", \(Quantity.count(waiting, "account")) waiting"
        }
        if let oldest = status.integer("queue.oldestWaitingMs") {
            text += ", the oldest for \(Quantity.duration(milliseconds: oldest))"
        }
        return text
    }

    /// The caller's own part of the queue, and what keeps it waiting.
    private var you: String? {
        guard let uid, let place = status.place(of: uid) else { return nil }
        guard place.waiting > 0 else { return "nothing waits for you" }
        var text = "\(Quantity.count(place.waiting, "account")) waiting of user \(uid)"
        if place.users > 1 { text += ", who takes turns with \(Quantity.count(place.users - 1, "other user"))" }
        return text + (status.obstacle.map { "; \($0)" } ?? "")
    }

    /// Which of the operator's rules applies to the caller.
    private var rule: String? {
        switch status["caller.access"] {
        case nil: return nil
        case "all": return "none limits you"
        case "rule":
            var text = "\(status["caller.rule.name"] ?? "?"), because of \(status["caller.because"] ?? "?")"
            if let refused = status.integer("caller.rule.refused"), refused > 0 {
                text += "; it has refused \(Quantity.count(refused, "request"))"
            }
            return text
        default: return style.paint("none matches you: access is denied", .red)
        }
    }

    private var calls: String? {
        guard let calls = status.integer("counters.calls") else { return nil }
        var text = "\(Quantity.grouped(calls)) to upstream"
        if calls > 0, let fill = status["counters.accountsPerCall"].flatMap({ Double($0) }) {
            text += ", \(Quantity.tenths(fill)) accounts each"
        }
        if let retries = status.integer("counters.retries"), retries > 0 {
            text += ", \(Quantity.grouped(retries)) retried"
        }
        return text
    }

    private var failures: String? {
        guard !status.failedCalls.isEmpty else { return nil }
        return status.failedCalls.map { "\($0.code): \(Quantity.grouped($0.count))" }.joined(separator: ", ")
    }

    private var requests: String? {
        guard let answered = status.integer("counters.answered") else { return nil }
        var parts = ["\(Quantity.grouped(answered)) answered"]
        for name in ["failed", "expired", "overloaded", "withdrawn", "stopped"] {
            guard let count = status.integer("counters.\(name)"), count > 0 else { continue }
            parts.append("\(Quantity.grouped(count)) \(name)")
        }
        if let held = status.integer("counters.fromMemory"), held > 0 {
            parts.append("\(Quantity.count(held, "account")) from memory")
        }
        return parts.joined(separator: ", ")
    }

    private var held: String? {
        guard let answers = status.integer("held.answers"), answers > 0 else { return nil }
        return "\(Quantity.count(answers, "answer")), \(Quantity.bytes(status.integer("held.bytes") ?? 0))"
    }

    private var callers: String? {
        guard let connections = status.integer("connections") else { return nil }
        var text = Quantity.count(connections, "connection")
        if let bytes = status.integer("bufferedBytes"), bytes > 0 { text += ", \(Quantity.bytes(bytes)) not yet read" }
        if status["door.isShortOfDescriptors"] == "true" {
            text += "; \(style.paint("no file descriptor is left for more", .yellow))"
        }
        return text
    }

    private var reload: String? {
        guard let at = status.integer("lastReload.at") else { return nil }
        let when = "\(Quantity.duration(seconds: max(0, now - at))) ago"
        if status["lastReload.succeeded"] == "true" { return "\(style.paint("done", .green)) \(when)" }
        let problem = status["lastReload.problems[0]"].map { ": \($0)" } ?? ""
        return "\(style.paint("refused", .red)) \(when), the old configuration holds\(problem)"
    }
}
