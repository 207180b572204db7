import Accounting
import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPC
import JSONRPCServer
import JSONTokens
import Logging
import NIOCore
import Rights
import UpstreamClient

/// What administrators may do.
extension DaemonCore {
    /// Whether a connection is an administrator's: by its socket, or by its user where there is no such socket.
    func isAdministrator(_ connection: any RPCConnection) -> Bool {
        connection.door == .administrators || connection.caller.uid == administrator && connection.door == .callers
    }

    /// The methods that a connection is served.
    func methods(for connection: any RPCConnection) -> [MethodName] {
        if isAdministrator(connection) { return MethodName.allCases }
        guard case .rule(let inForce) = access.standing(of: connection) else { return MethodName.forCallers }
        return MethodName.forCallers.filter(inForce.rule.allows)
    }

    // MARK: Methods

    func reload(
        _ params: Params, _ connection: any RPCConnection, _ completion: Completion
    ) throws(ErrorObject) -> Reply {
        try params.expectNone()
        if isStopping { throw .shuttingDown() }
        let (core, caller) = (NIOLoopBound((self, completion), eventLoop: eventLoop), connection.caller)
        reload().whenComplete { result in
            let (core, completion) = core.value
            let answer = Self.answer(to: result)
            core.audit(.reload, caller, answer)
            core.requests.countEnd(of: .reload, answer)
            completion(answer)
        }
        return .later(cancel: { [self] in requests.countWithdrawn(.reload) })
    }

    private static func answer(to result: Result<ReloadOutcome, any Error>) -> Response.Outcome {
        guard case .success(let outcome) = result else { return .error(ErrorObject(.internalError)) }
        if outcome.succeeded { return .result(Reload.result(keysForRestart: outcome.keysForRestart)) }
        let problems = outcome.problems.joined(separator: "; ")
        return .error(
            ErrorObject(.misconfigured, "the old configuration stays, as the new one cannot be used: \(problems)"))
    }

    func setLogLevel(_ params: Params, _ connection: any RPCConnection) throws(ErrorObject) -> Reply {
        let name = try SetLogLevel.level(params)
        guard let level = Logger.Level(rawValue: name) else { throw ErrorObject(.internalError) }
        setLogLevel(level)
        let answer = Response.Outcome.result(SetLogLevel.result(level: name))
        audit(.setLogLevel, connection.caller, answer, ["level": "\(name)"])
        return .now(answer)
    }

    /// The result of `getCallers`. Only the first one of a connection is logged: who watches the callers asks each second.
    func callersJSON(for connection: any RPCConnection) -> [UInt8] {
        if noted.count >= Self.mostNoted { noted = [] }
        let json = callersJSON
        if noted.insert(connection.number).inserted { audit(.getCallers, connection.caller, .result([])) }
        return json
    }

    private static let mostNoted = 1000

    /// It is written whatever the level is.
    private func audit(
        _ method: MethodName, _ caller: Caller, _ outcome: Response.Outcome, _ more: Logger.Metadata = [:]
    ) {
        var metadata = more
        metadata["method"] = "\(method.rawValue)"
        metadata["uid"] = "\(caller.uid)"
        metadata["pid"] = "\(caller.pid)"
        metadata["outcome"] = if case .error(let error) = outcome { "\(error.code)" } else { "ok" }
        var logger = logger
        logger.logLevel = min(logger.logLevel, .notice)
        logger.notice("administration", metadata: Event.administration.metadata(metadata))
    }

    // MARK: Callers

    /// What there is to say of a user.
    struct User {
        /// Open connections.
        var connections = 0
        /// What it has asked for so far, on those and on closed ones.
        var use = ConnectionUse()
        /// Accounts of its requests that have not ended.
        var unansweredAccounts = 0
    }

    /// The users that have connections, or had them lately; unanswered accounts are those of the scheduler's largest users.
    func users(_ connections: [ConnectionFigures], _ scheduler: CallScheduler.Snapshot?) -> [UInt32: User] {
        var users = server.pastUseByUID.mapValues { User(use: $0) }
        for connection in connections {
            users[connection.caller.uid, default: User()].connections += 1
            users[connection.caller.uid, default: User()].use += connection.use
        }
        for (uid, count) in scheduler?.accountsByUser ?? [] {
            users[uid, default: User()].unansweredAccounts += count
        }
        // A container's are those of its first connection's user; it seldom has another.
        for (principal, count) in scheduler?.accountsOfContainers ?? [] {
            let first = connections.first { Principal($0.caller, at: $0.door, under: $0.note.rule) == principal }
            if let uid = first?.caller.uid { users[uid, default: User()].unansweredAccounts += count }
        }
        return users
    }

    private var callersJSON: [UInt8] {
        let figures = server.connectionFigures()
        let scheduler = driver?.snapshot(at: .now(), users: GetCallers.most)
        // Each connection is looked at once: with rules, that takes the time of a matching.
        var rulesOfConnections: [UInt64: RuleInForce] = [:]
        for connection in figures { rulesOfConnections[connection.number] = access.rule(of: connection) }
        let mostFirst = users(figures, scheduler).sorted { ($0.value.use.items, $1.key) > ($1.value.use.items, $0.key) }
        let connections = figures.sorted { ($0.use.items, $1.number) > ($1.use.items, $0.number) }
        var json = JSONWriter(capacity: 4096)
        json.object { json in
            json.key("uptimeSeconds")
            json.integer((Moment.now() - startedAt).nanoseconds / 1_000_000_000)
            json.member("rateLimit", settings?.rateLimit) { $0.integer($1) }
            json.member("slotsHeld", scheduler?.slotsHeld) { $0.integer($1) }
            json.key("users")
            json.array { json in
                for (uid, user) in mostFirst.prefix(GetCallers.most) { Self.write(uid, user, to: &json) }
            }
            json.key("connections")
            json.array { json in
                for connection in connections.prefix(GetCallers.most) {
                    Self.write(connection, rulesOfConnections[connection.number], to: &json)
                }
            }
            json.key("connectionCount")
            json.integer(figures.count)
            json.key("rules")
            json.array { json in
                for inForce in access.rules { write(inForce, rulesOfConnections, to: &json) }
            }
        }
        return json.bytes
    }

    private static func write(_ uid: UInt32, _ user: User, to json: inout JSONWriter) {
        let numbers: [(StaticString, Int)] = [
            ("uid", Int(uid)), ("connections", user.connections), ("requests", user.use.requests),
            ("accounts", user.use.items), ("waitingAccounts", user.unansweredAccounts),
        ]
        write(numbers, to: &json)
    }

    private func write(
        _ inForce: RuleInForce, _ rulesOfConnections: [UInt64: RuleInForce], to json: inout JSONWriter
    ) {
        json.object { json in
            write(inForce, to: &json)
            json.key("connections")
            json.integer(rulesOfConnections.count { $0.value === inForce })
        }
    }

    private static func write(_ connection: ConnectionFigures, _ inForce: RuleInForce?, to json: inout JSONWriter) {
        let caller = connection.caller
        let numbers: [(StaticString, Int)] = [
            ("connection", Int(clamping: connection.number)), ("uid", Int(caller.uid)), ("gid", Int(caller.gid)),
            ("pid", Int(caller.pid)), ("openSeconds", Int(connection.age.nanoseconds / 1_000_000_000)),
            ("requests", connection.use.requests), ("accounts", connection.use.items),
            ("waitingRequests", connection.waitingRequests), ("unreadBytes", connection.unreadBytes),
        ]
        json.object { json in
            json.key("socket")
            json.string(connection.door.name)
            json.member("rule", inForce?.rule.name) { $0.string($1) }
            write(members: numbers, to: &json)
        }
    }

    private static func write(_ numbers: [(StaticString, Int)], to json: inout JSONWriter) {
        json.object { write(members: numbers, to: &$0) }
    }

    private static func write(members numbers: [(StaticString, Int)], to json: inout JSONWriter) {
        for (name, number) in numbers {
            json.key(name)
            json.integer(number)
        }
    }
}
