import Accounting
import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPC
import JSONRPCServer
import Logging
import NIOCore
import Rights

extension DaemonCore {
    /// How a method is served.
    private enum Service {
        /// It has no params, and the result is made at once.
        case result((DaemonCore) -> [UInt8])
        /// The same, and it is not the same for everybody.
        case about((DaemonCore, any RPCConnection) -> [UInt8])
        /// It checks its params and answers, now or later.
        case call((DaemonCore, Params, any RPCConnection, Completion) throws(ErrorObject) -> Reply)
        /// The same by the rule of the caller, if there is one.
        case ruled((DaemonCore, Params, any RPCConnection, RuleInForce?, Completion) throws(ErrorObject) -> Reply)
        /// It has no answer.
        case notification((Params, any RPCConnection) -> Void)
    }

    /// The table of methods: a line for each, beside its name and description in `AttributeAPI`. A function and not an array,
    /// from which a `ping` would take its line with 100 instructions more.
    private static func service(of method: MethodName) -> Service {
        switch method {
        case .getAttrs:
            .ruled { (core, params, connection, rule, done) throws(ErrorObject) in
                try core.getAttrs(params, connection, rule, done)
            }
        case .getStatus: .about { $0.statusJSON(for: $1) }
        case .getMetrics: .about { $0.metricsJSON(for: $1) }
        case .ping: .result { _ in Ping.result }
        case .discover: .about { $0.discoveryJSON(for: $1) }
        case .cancelRequest: .notification(cancel)
        case .reload:
            .call { (core, params, connection, done) throws(ErrorObject) in try core.reload(params, connection, done) }
        case .setLogLevel:
            .call { (core, params, connection, _) throws(ErrorObject) in try core.setLogLevel(params, connection) }
        case .getCallers: .about { $0.callersJSON(for: $1) }
        }
    }

    private static func cancel(_ params: Params, on connection: any RPCConnection) {
        guard let id = CancelRequest.id(params) else { return }
        connection.cancel(id, with: ErrorObject(.cancelled, "the caller cancelled the request"))
    }
}

// MARK: Dispatch

extension DaemonCore: RPCService {
    func call(_ request: Request, on connection: any RPCConnection, completion: Completion) -> Reply {
        let method = MethodName(name: request.method)
        if method == .ping || method == .getAttrs { loopTurns.note(about: .microseconds(2)) } else { loopTurns.note() }
        requests.countReceived(method)
        // The reply is taken apart, not copied.
        switch reply(to: request, for: method, on: connection, completion) {
        case .now(let outcome):
            requests.countEnd(of: method, outcome)
            return .now(outcome)
        case .later(let cancel): return .later(cancel: cancel)
        }
    }

    private func reply(
        to request: Request, for method: MethodName?, on connection: any RPCConnection, _ completion: Completion
    ) -> Reply {
        do throws(ErrorObject) {
            let rule = try ruleInForce(for: connection, method)
            guard let method, !method.isAdministrative || isAdministrator(connection) else {
                let known = methods(for: connection).map(\.rawValue).joined(separator: ", ")
                throw ErrorObject(.methodNotFound, "there are \(known)")
            }
            switch Self.service(of: method) {
            case .result(let make):
                try request.params.expectNone()
                return .now(.result(make(self)))
            case .about(let make):
                try request.params.expectNone()
                return .now(.result(make(self, connection)))
            case .call(let serve): return try serve(self, request.params, connection, completion)
            case .ruled(let serve): return try serve(self, request.params, connection, rule, completion)
            case .notification:
                throw ErrorObject(.methodNotFound, "\(request.method) is a notification: send it without an id")
            }
        } catch {
            return .now(.error(error))
        }
    }

    func notified(of notification: Request, on connection: any RPCConnection) {
        loopTurns.note(about: .microseconds(2))
        requests.countNotification()
        guard let method = MethodName(name: notification.method),
            case .notification(let take) = Self.service(of: method)
        else { return }
        take(notification.params, connection)
    }

    func principal(of caller: Caller, at door: Door) -> Principal { access.principal(of: caller, at: door) }

    func readingStopped(_ connection: any RPCConnection) { serving?.driver.readingStopped(CallerKey(connection)) }

    func readingResumed(_ connection: any RPCConnection) { serving?.driver.readingResumed(CallerKey(connection)) }

}

// MARK: Rights

extension DaemonCore {
    /// Notes what holds for a connection, unless that is done since the last reload.
    func note(_ connection: any RPCConnection) {
        if connection.note.generation != access.generation { access.note(connection) }
    }

    /// The rule by which a request is served; nil if none limits it.
    /// - Throws: `-32003` if the caller may not use the method.
    private func ruleInForce(
        for connection: any RPCConnection, _ method: MethodName?
    ) throws(ErrorObject) -> RuleInForce? {
        note(connection)
        if case .sockets = access.limitation { return nil }
        // With a wrong list in force, administrators must be able to bring another.
        let isAdministration = method?.isAdministrative == true && isAdministrator(connection)
        switch access.standing(of: connection) {
        case .unrestricted: return nil
        case .rule(let inForce):
            inForce.use.requests += 1
            if isAdministration { return nil }
            guard let method, !method.isAdministrative, !inForce.rule.allows(method) else { return inForce }
            throw refusal(of: connection, by: inForce, "it does not allow \(method.rawValue)")
        case .refused:
            if isAdministration { return nil }
            let uid = connection.caller.uid
            guard case .rules = access.limitation else {
                noteRefusal(of: connection, nil)
                throw ErrorObject(.accessDenied, "uid \(uid) matches no rule of the daemon's allow list")
            }
            if let method, Rule.alwaysServed.contains(method) { return nil }
            noteRefusal(of: connection, nil)
            access.refusedWithoutRule += 1
            throw ErrorObject(
                .accessDenied, "uid \(uid) on the socket \(connection.door.name) matches no rule of the daemon's")
        }
    }

    /// - Parameter why: What the rule does not allow, without any account.
    fileprivate func refusal(
        of connection: any RPCConnection, by inForce: RuleInForce, _ why: String, path: String? = nil
    ) -> ErrorObject {
        inForce.use.refused += 1
        noteRefusal(of: connection, inForce)
        var error = ErrorObject(.accessDenied, "the rule \(inForce.rule.name) applies to you: \(why)")
        error.rule = inForce.rule.name
        error.path = path
        return error
    }

    private func noteRefusal(of connection: any RPCConnection, _ inForce: RuleInForce?) {
        let caller = connection.caller
        guard let unsaid = refusals.note(caller.uid, at: .now()) else { return }
        var metadata: Logger.Metadata = [
            "uid": "\(caller.uid)", "gid": "\(caller.gid)", "socket": "\(connection.door.name)", "unsaid": "\(unsaid)",
        ]
        if let inForce { metadata["rule"] = "\(inForce.rule.name)" }
        logger.warning("access denied", metadata: Event.accessDenied.metadata(metadata))
    }
}

// MARK: getAttrs

extension DaemonCore {
    private func getAttrs(
        _ params: Params, _ connection: any RPCConnection, _ inForce: RuleInForce?, _ completion: Completion
    ) throws(ErrorObject) -> Reply {
        guard let serving else {
            throw ErrorObject(
                .misconfigured, "the daemon has no usable configuration or credential; its log says which")
        }
        if let trouble = serving.misconfiguration {
            throw ErrorObject(.misconfigured, "the daemon gets no UserSig from the signer: \(trouble)")
        }
        let params = try self.params(
            params, connection, inForce, maxAccounts: serving.settings.maxAccountsPerRequest)
        if isStopping { throw .shuttingDown() }
        let start = NIODeadline.now()
        let caller = connection.caller
        let scope = inForce?.rule.audit ?? serving.settings.audit
        let audit =
            scope != .off || logsRequests
            ? Audit(
                scope, caller: caller, rule: inForce?.rule.name, accounts: params.accounts, start: start,
                logger: logger)
            : nil
        requests.countRequested(accounts: params.accounts.count)
        connection.use.items += params.accounts.count
        inForce?.use.accounts += params.accounts.count
        loopTurns.note(about: .microseconds(Int64(10 + params.accounts.count)))
        if params.accounts.isEmpty {
            audit?.write(.result([]))
            return .now(.getAttrs(params, ended: .answered(AccountResults()), by: nil))
        }
        let admission = serving.driver.enqueue(
            params.accounts, caller: CallerKey(connection),
            timeout: .milliseconds(params.timeoutMs), maxAge: .milliseconds(params.maxAgeMs),
            acceptsPartial: params.partial
        ) { key in
            WaitingAnswer(
                core: self, key: key, params: params, rule: inForce, start: start, audit: audit, completion: completion)
        }
        switch admission {
        case .ended(let outcome): return .now(ended(outcome, of: params, by: inForce, since: start, audit))
        case .waiting(let answer): return .later(cancel: { answer.cancel() })
        }
    }

    /// - Throws: `-32602`, or `-32003` if the caller may not ask for one of the accounts: then for none, whatever exists.
    private func params(
        _ params: Params, _ connection: any RPCConnection, _ inForce: RuleInForce?, maxAccounts: Int
    ) throws(ErrorObject) -> GetAttrs.Params {
        guard let inForce else { return try GetAttrs.Params(params, maxAccounts: maxAccounts) }
        let rule = inForce.rule
        let patterns = rule.accounts
        var taken = try GetAttrs.Params(
            params, maxAccounts: min(maxAccounts, rule.maxAccountsInOneRequest ?? .max),
            isAllowed: patterns.map { patterns in { patterns.contains($0) } })
        if let index = taken.firstRefused {
            throw refusal(
                of: connection, by: inForce, "it does not allow an account of the request",
                path: GetAttrs.Params.path(index))
        }
        taken.maxAgeMs = max(taken.maxAgeMs, rule.minMaxAgeMs)
        return taken
    }

    /// - Parameter inForce: The rule that held when the request came.
    fileprivate func ended(
        _ outcome: RequestOutcome, of params: GetAttrs.Params, by inForce: RuleInForce?, since start: NIODeadline,
        _ audit: Audit?
    ) -> Response.Outcome {
        let answer = Response.Outcome.getAttrs(params, ended: outcome, by: inForce?.rule)
        requests.add(duration: .now() - start)
        audit?.write(answer)
        return answer
    }
}

/// A `getAttrs` that waits for its accounts: what its end needs, and its withdrawal, in one memory.
final class WaitingAnswer {
    private let core: DaemonCore
    private let key: RequestKey
    private let params: GetAttrs.Params
    private let rule: RuleInForce?
    private let start: NIODeadline
    private let audit: Audit?
    private let completion: Completion

    fileprivate init(
        core: DaemonCore, key: RequestKey, params: GetAttrs.Params, rule: RuleInForce?, start: NIODeadline,
        audit: Audit?, completion: Completion
    ) {
        self.core = core
        self.key = key
        self.params = params
        self.rule = rule
        self.start = start
        self.audit = audit
        self.completion = completion
    }

    /// Answers the request.
    func ended(_ outcome: RequestOutcome) {
        let answer = core.ended(outcome, of: params, by: rule, since: start, audit)
        core.requests.countEnd(of: .getAttrs, answer)
        completion(answer)
    }

    fileprivate func cancel() {
        core.loopTurns.note(about: .microseconds(5))
        core.serving?.driver.withdraw(key)
        core.requests.countWithdrawn(.getAttrs)
        audit?.writeCancelled()
    }
}

extension CallerKey {
    /// The caller at a connection, under the rule that is noted.
    init(_ connection: any RPCConnection) {
        let principal = Principal(connection.caller, at: connection.door, under: connection.note.rule)
        self.init(principal: principal, connection: connection.number)
    }
}
