import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPC
import JSONRPCServer
import Logging
import NIOCore

/// Answers the methods: the table from names to what serves them. Lives on one event loop.
final class AttributeService: RPCService {
    /// What getAttrs can be served with, or why it cannot.
    enum Mode {
        case serving(CallDriver, Rules)
        case misconfigured([ConfigurationProblem])
    }

    /// What the configuration says of requests.
    struct Rules {
        let allow: AllowList?
        let maxAccountsPerRequest: Int
        let audit: Settings.Audit

        init(_ settings: Settings) {
            allow = settings.allow
            maxAccountsPerRequest = settings.maxAccountsPerRequest
            audit = settings.audit
        }
    }

    /// What requests are answered from.
    var mode: Mode = .misconfigured([]) {
        didSet {
            if case .serving(_, let rules) = mode { allow = rules.allow } else { allow = nil }
        }
    }
    /// The rules' list by itself, because each request asks for it.
    private var allow: AllowList?
    /// Whether new requests are refused because the daemon stops.
    var isStopping = false
    /// Makes the result of `getStatus`.
    var status: () -> [UInt8] = { Array("{}".utf8) }
    /// Makes the result of `rpc.discover`.
    var discovery: () -> [UInt8] = { Array("{}".utf8) }
    /// Makes the result of `getMetrics`.
    var metricsResult: () -> [UInt8] = { Array("{}".utf8) }
    /// What has been asked and answered so far.
    var metrics = RequestMetrics()
    private var refusals = RefusalLog()
    /// Where audits go.
    var logger: Logger {
        didSet { logsRequests = logger.logLevel <= .debug }
    }
    /// Whether the logger writes a line for each request. Kept, because to ask it for its level copies its handler.
    private var logsRequests: Bool

    private let loopTurns: LoopTurns?

    /// - Parameter loopTurns: Is notified of each request; nil if nothing measures the loop's turns.
    init(logger: Logger, loopTurns: LoopTurns? = nil) {
        self.loopTurns = loopTurns
        self.logger = logger
        logsRequests = logger.logLevel <= .debug
    }

    // MARK: The table

    func call(_ request: Request, on connection: any RPCConnection, completion: Completion) -> Reply {
        loopTurns?.note()
        let method = MethodName(name: request.method)
        metrics.countReceived(method)
        let reply = reply(to: request, for: method, on: connection, completion)
        if case .now(let outcome) = reply { metrics.countEnd(of: method, outcome) }
        return reply
    }

    private func reply(
        to request: Request, for method: MethodName?, on connection: any RPCConnection,
        _ completion: Completion
    ) -> Reply {
        if let allow, let refusal = refusal(of: connection.caller, by: allow) { return .now(.error(refusal)) }
        do throws(ErrorObject) {
            switch method {
            case .ping:
                try Ping.check(request.params)
                return .now(.result(Ping.result))
            case .getStatus:
                try GetStatus.check(request.params)
                return .now(.result(status()))
            case .getMetrics:
                try GetMetrics.check(request.params)
                return .now(.result(metricsResult()))
            case .discover:
                try Discover.check(request.params)
                return .now(.result(discovery()))
            case .getAttrs: return try getAttrs(request.params, connection, completion)
            case .cancelRequest:
                throw ErrorObject(.methodNotFound, "\(request.method) is a notification: send it without an id")
            case nil:
                let known = MethodName.allCases.map(\.rawValue).joined(separator: ", ")
                throw ErrorObject(.methodNotFound, "there are \(known)")
            }
        } catch {
            return .now(.error(error))
        }
    }

    func notified(of notification: Request, on connection: any RPCConnection) {
        loopTurns?.note()
        metrics.countNotification()
        guard MethodName(name: notification.method) == .cancelRequest,
            let id = CancelRequest.id(notification.params)
        else { return }
        connection.cancel(id, with: ErrorObject(.cancelled, "the caller took the request back"))
    }

    private func refusal(of caller: Caller, by allow: AllowList) -> ErrorObject? {
        if allow.allows(caller) { return nil }
        if let unsaid = refusals.note(caller.uid, at: .now()) {
            logger.warning(
                "access denied",
                metadata: Event.accessDenied.metadata([
                    "uid": "\(caller.uid)", "gid": "\(caller.gid)", "unsaid": "\(unsaid)",
                ]))
        }
        return ErrorObject(.accessDenied, "uid \(caller.uid) matches no rule of the daemon's allow list")
    }

    // MARK: getAttrs

    private func getAttrs(
        _ params: Params, _ connection: any RPCConnection, _ completion: Completion
    ) throws(ErrorObject) -> Reply {
        guard case .serving(let driver, let rules) = mode else {
            throw ErrorObject(
                .misconfigured, "the daemon has no usable configuration or credential; its log says which")
        }
        let params = try GetAttrs.Params(params, maxAccounts: rules.maxAccountsPerRequest)
        if isStopping { throw .shuttingDown() }
        let start = NIODeadline.now()
        let caller = connection.caller
        let audit =
            rules.audit != .off || logsRequests
            ? Audit(rules.audit, caller: caller, accounts: params.accounts, start: start, logger: logger) : nil
        metrics.countRequested(accounts: params.accounts.count)
        if params.accounts.isEmpty {
            audit?.write(.result([]))
            return .now(.told(.answered(AccountResults()), of: params))
        }
        let admission = driver.enqueue(
            params.accounts, caller: CallerKey(uid: caller.uid, connection: connection.number),
            timeout: .milliseconds(params.timeoutMs), maxAge: .milliseconds(params.maxAgeMs),
            acceptsPartial: params.partial)
        switch admission {
        case .ended(let outcome): return .now(ended(outcome, of: params, since: start, audit))
        case .waiting(let key):
            let waiting = WaitingAnswer(
                service: self, driver: driver, key: key, params: params, start: start, audit: audit,
                completion: completion)
            driver.whenEnded(key) { waiting.ended($0) }
            return .later(cancel: { waiting.cancel() })
        }
    }

    func ended(
        _ outcome: RequestOutcome, of params: GetAttrs.Params, since start: NIODeadline, _ audit: Audit?
    ) -> Response.Outcome {
        let answer = Response.Outcome.told(outcome, of: params)
        metrics.add(duration: .now() - start)
        audit?.write(answer)
        return answer
    }
}
