/// What an attacker does on some connections, again and again.
struct Move: Sendable, Equatable {
    var connections: Int
    /// Spread over so many users.
    var users = 1
    var behaviour: Behaviour

    enum Behaviour: Sendable, Equatable {
        /// So many requests under way, each answer followed by the next request.
        case ask(Requests, depth: Int)
        /// Requests as long as they are read, and no answer is ever read.
        case readNothing(Requests)
        /// The first bytes of a line that never ends.
        case halfLine(bytes: Int)
        /// A connection for each request.
        case reconnect(Requests)
        /// Nothing at all.
        case stay
    }

    /// A supply of requests.
    enum Requests: Sendable, Equatable {
        /// So many accounts that were never asked for before, whose names begin with `prefix`.
        case fresh(prefix: String, accounts: Int)
        /// One account that was never asked for before, and a time-out that ends before the call for it does.
        case brief(prefix: String)
        /// As `fresh`, but the first account's name begins with `prefix` and `bad.`.
        case withOneBad(prefix: String, accounts: Int)
        /// The same accounts each time, and the answer may be an old one.
        case held(prefix: String, accounts: Int)
        /// The same account for some seconds, and the answer may be an old one; so requests join the call for it.
        case joining(prefix: String)
        case status
        case metrics
    }

    init(_ connections: Int, users: Int = 1, _ behaviour: Behaviour) {
        self.connections = connections
        self.users = users
        self.behaviour = behaviour
    }
}

/// Writes the requests of a ``Move/Requests``.
struct RequestLines {
    private let requests: Move.Requests
    /// Part of the names of fresh accounts, so that no two supplies ask for the same.
    private let number: Int
    private var asked = 0

    /// How long requests join one call. Shorter than the time that the daemon waits for an answer.
    static let joiningSeconds: Int64 = 4
    /// A time-out in milliseconds: shorter than a call takes, and longer than it takes most calls to leave.
    static let briefTimeout = 30

    init(_ requests: Move.Requests, number: Int) {
        self.requests = requests
        self.number = number
    }

    /// The next line, at the time `now` in seconds from any beginning.
    mutating func next(now: Int64) -> String {
        asked += 1
        switch requests {
        case .fresh(let prefix, let accounts):
            return Request.getAttrs((0..<accounts).map { "\(prefix)\(number).\(asked).\($0)" })
        case .brief(let prefix):
            return Request.getAttrs(["\(prefix)\(number).\(asked)"], timeoutMs: Self.briefTimeout)
        case .withOneBad(let prefix, let accounts):
            return Request.getAttrs((0..<accounts).map { "\(prefix)\($0 == 0 ? "bad." : "")\(number).\(asked).\($0)" })
        case .held(let prefix, let accounts):
            return Request.getAttrs((0..<accounts).map { "\(prefix)\($0)" }, maxAgeMs: 3_600_000)
        case .joining(let prefix):
            return Request.getAttrs(["\(prefix)\(now / Self.joiningSeconds)"], maxAgeMs: 3_600_000)
        case .status: return Request.status
        case .metrics: return Request.metrics
        }
    }
}
