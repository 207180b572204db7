import Glibc
import NIOCore
import NIOConcurrencyHelpers
import UserSig

/// The endpoint without its network: what it knows, what it has counted, and what it does about each request.
struct Endpoint {
    static let path = "/v4/all_member_push/im_get_attr"
    /// The vendor's documentation of `im_get_attr`.
    static let accountsPerCall = 100

    private(set) var configuration: SandboxConfiguration
    private(set) var recentRequests = CircularBuffer<SandboxRequest>()
    private var seen = SandboxReport()
    private var second = SlidingSecond()
    private var faults: FaultPicker
    private var random: SeededGenerator

    init(_ configuration: SandboxConfiguration) {
        self.configuration = configuration
        faults = FaultPicker(configuration.allFaults)
        random = SeededGenerator(seed: configuration.seed)
    }

    var report: SandboxReport {
        var report = seen
        report.worstSecond = second.worst
        return report
    }

    /// Goes on with another configuration. The faults' own counting starts again.
    mutating func configure(_ configuration: SandboxConfiguration) {
        self.configuration = configuration
        faults = FaultPicker(configuration.allFaults)
    }

    mutating func connectionAccepted() { seen.connections += 1 }
    mutating func requestDelay() -> Duration { configuration.requestDelay.sample(using: &random) }
    mutating func answerDelay() -> Duration { configuration.answerDelay.sample(using: &random) }

    /// The sandbox's clock, in seconds since 1970.
    var now: Int { time(nil) + configuration.clockOffsetSeconds }

    /// A whole request has arrived at the time `now`, which never decreases from call to call.
    mutating func arrive(_ request: SandboxRequest, now: NIODeadline) -> Reaction {
        keep(request)
        guard request.path == Self.path else { return otherRequest(404, request) }
        guard request.method == "POST" else { return otherRequest(405, request) }

        let callsInSecond = second.record(now)
        let body = CallBody(request.body)
        seen.calls += 1
        if callsInSecond > configuration.rateLimit { seen.overLimit += 1 }
        seen.accounts += body?.accounts.count ?? 0

        let text = AnswerText(compact: configuration.compact)
        let picks = faults.pick(accounts: body?.accounts ?? [], using: &random)
        let answer: Answer
        var code: Int?
        do throws(Refusal) {
            let accounts = try verify(request, body: body, callsInSecond: callsInSecond)
            answer = Answer(json: text.ok(picks.reduce(entries(accounts)) { $1.entries(insteadOf: $0) }))
        } catch {
            code = error.code
            answer = Answer(json: text.fail(error))
        }
        for pick in picks { seen.faults[pick.kind.name, default: 0] += 1 }
        // Only the last one can leave nothing as it was.
        guard let fault = picks.last?.kind else {
            countRefusal(code)
            return .answer(answer)
        }
        countRefusal(fault.errorCode(insteadOf: code))
        return fault.spoil(answer, request: request, text: text)
    }

    /// The call's accounts, if it can be answered. What is wrong is said in this order: URL, UserSig,
    /// app, administrator, frequency, body.
    private func verify(
        _ request: SandboxRequest, body: CallBody?, callsInSecond: Int
    ) throws(Refusal) -> [[UInt8]] {
        let query = try CallQuery(request.query)
        do throws(UserSigError) {
            try UserSigVerifier(sdkAppID: query.sdkAppID, key: configuration.secretKey).verify(
                query.userSig, identifier: query.identifier, now: Int64(self.now))
        } catch {
            throw .userSig(error)
        }
        guard query.sdkAppID == configuration.sdkAppID else { throw .unknownApp }
        guard query.identifier.utf8.elementsEqual(configuration.administrator.utf8) else { throw .notAdministrator }
        guard callsInSecond <= configuration.rateLimit else { throw .tooFrequent }
        guard let body else { throw .malformedBody }
        guard body.accounts.count <= Self.accountsPerCall else { throw .tooManyAccounts }
        return body.accounts
    }

    /// What is answered for the accounts, each once, in an order that is not documented.
    private mutating func entries(_ accounts: [[UInt8]]) -> [AnswerText.Entry] {
        Set(accounts).sorted(by: { $0.lexicographicallyPrecedes($1) }).shuffled(using: &random).compactMap { account in
            if let attributes = configuration.users[account] { return .user(account, attributes) }
            switch configuration.unknownAccounts {
            case .empty: return .user(account, Attributes())
            case .missing: return nil
            case .errorList: return .unknown(account)
            case .madeUp: return .user(account, Attributes(madeUpFor: account))
            case .echo: return .user(account, Attributes(echoing: account))
            }
        }
    }

    private mutating func countRefusal(_ code: Int?) {
        if let code { seen.refusals[code, default: 0] += 1 }
    }

    private mutating func otherRequest(_ status: Int, _ request: SandboxRequest) -> Reaction {
        seen.otherRequests += 1
        return .answer(Answer(status: status, pageFor: String(request.path)))
    }

    private mutating func keep(_ request: SandboxRequest) {
        recentRequests.append(request)
        while recentRequests.count > configuration.requestsKept {
            recentRequests.removeFirst()
        }
    }
}

/// What a sandbox has seen since its start.
public struct SandboxReport: Sendable, Equatable, Encodable {
    /// Connections accepted.
    public var connections = 0
    /// Calls that arrived: whole requests to the endpoint's path by POST, refused ones and those of faults included.
    public var calls = 0
    /// Accounts in all these calls, as far as their bodies could be read.
    public var accounts = 0
    /// The most calls that arrived within any one second.
    public var worstSecond = 0
    /// Calls that arrived when the second that ends with them held more than the limit, whatever they were answered.
    public var overLimit = 0
    /// How many calls were answered with each `ErrorCode` other than 0, whatever the reason.
    public var refusals: [Int: Int] = [:]
    /// How many calls each kind of fault happened to, under the kind's name on the command line.
    public var faults: [String: Int] = [:]
    /// Requests with another path or method, which were answered with 404 or 405.
    public var otherRequests = 0
}

/// The endpoint as the connections and the tests share it.
final class SharedEndpoint: Sendable {
    // Not a Mutex of Synchronization: the thread sanitizer does not know that one, and reports what it guards as a data race.
    private let endpoint: NIOLockedValueBox<Endpoint>

    init(_ configuration: SandboxConfiguration) {
        endpoint = NIOLockedValueBox(Endpoint(configuration))
    }

    func withLock<Result: Sendable>(_ body: (inout Endpoint) -> Result) -> Result {
        endpoint.withLockedValue { endpoint in body(&endpoint) }
    }
}

/// Counts arrivals in the second that ends with each of them.
///
/// The count is exact: the fullest of all one-second windows is one that ends with an arrival. Two arrivals exactly a
/// second apart do not share a second. Memory is bounded by the arrivals of one second.
struct SlidingSecond {
    private var arrivals = CircularBuffer<NIODeadline>()
    /// The most arrivals that any second has held so far.
    private(set) var worst = 0

    /// Counts an arrival, and returns how many the second that ends with it holds, itself included. Times never
    /// decrease from call to call.
    mutating func record(_ time: NIODeadline) -> Int {
        while let first = arrivals.first, time - first >= .seconds(1) {
            arrivals.removeFirst()
        }
        arrivals.append(time)
        worst = max(worst, arrivals.count)
        return arrivals.count
    }
}
