import AttributeValues
import Glibc
import NIOCore
import UserSig

/// Makes `im_get_attr` calls: signs, sends, and says how each one ended. One call is one request on the wire; it
/// decides neither when a call leaves nor whether it is repeated.
///
/// Belongs to one event loop: everything is called there.
public final class UpstreamClient {
    /// A call that has not ended.
    public struct Call {
        fileprivate let pool: ConnectionPool
        fileprivate let id: ConnectionPool.CallID
        /// The number in its query, by which the vendor's support finds it.
        public let random: UInt32

        /// Closes the call's connection. Its end is still reported.
        public func cancel() { pool.cancel(id) }
    }

    /// What the client reports beside the ends of calls.
    public enum Event: Hashable, Sendable {
        /// A round trip, measured on a connection that has answered a call before.
        case roundTrip(Duration)
        /// No connection is left.
        case connectionsGone
        /// The signer has given a UserSig, or has not: ``UpstreamClient/signedUntil`` and ``UpstreamClient/signing`` are to be asked.
        /// - Parameter mayBeOfAnotherKey: Whether the signer was restarted before it gave this one.
        case signingChanged(mayBeOfAnotherKey: Bool)
    }

    /// What the client knows of the app and of the server.
    public private(set) var configuration: UpstreamConfiguration
    private let eventLoop: any EventLoop
    private let pool: ConnectionPool
    private let wallClock: @Sendable () -> Int64
    private var signatures: SignatureStore
    private var source: SignatureSource
    /// The connection to the signer, if UserSigs come from there.
    private var signer: SignerLink?
    private let firstSigning: EventLoopPromise<Void>
    private let report: (Event) -> Void
    /// The last call's; the next one's follows from it, as in any linear congruential generator, so that none comes
    /// twice in 2^32 calls. Upstream asks for a fresh number, not for one that cannot be foreseen.
    private var random = UInt32.random(in: .min ... .max)
    /// Made once for each UserSig.
    private var latestPath: (signature: UserSig, text: String)?
    private var latestDate: AnswerDate?

    /// - Parameters:
    ///   - source: Where UserSigs come from. A signer is asked at once.
    ///   - eventLoop: Where the client lives.
    ///   - wallClock: Seconds since 1970.
    ///   - report: Called on the event loop.
    public init(
        _ configuration: UpstreamConfiguration, source: SignatureSource, eventLoop: any EventLoop,
        wallClock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) },
        report: @escaping (Event) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.wallClock = wallClock
        self.source = source
        self.report = report
        signatures = SignatureStore(
            source, sdkAppID: configuration.sdkAppID, admin: configuration.admin,
            lifetime: configuration.userSigLifetime)
        pool = ConnectionPool(configuration, eventLoop: eventLoop, report: report)
        firstSigning = eventLoop.makePromise()
        beginSigning()
    }

    /// When the current UserSig expires, in seconds since 1970; nil before the first call.
    public var userSigExpiresAt: Int64? { signatures.expiresAt }

    /// Until when calls may be made, as they can be signed: with a key for ever.
    public var signedUntil: Moment { signatures.signedUntil }

    /// How signing goes.
    public var signing: SigningCondition { signatures.condition(at: .now()) }

    /// Seconds for which the signer's latest UserSig was made; nil if there is none, or no signer.
    public var signerLifetime: Int64? { signatures.signerLifetime }

    /// Done when calls can be signed, or why they cannot be is known.
    public var firstSigned: EventLoopFuture<Void> { firstSigning.futureResult }

    /// Calls from now on are signed in this way, in UserSigs that are valid for `lifetime` seconds.
    /// - Returns: Whether the key is another one, or may be.
    @discardableResult
    public func sign(with source: SignatureSource, lifetime: Int64) -> Bool {
        let isOther = source != self.source
        if !isOther, lifetime == configuration.userSigLifetime { return false }
        configuration.userSigLifetime = lifetime
        // The signer has a configuration of its own.
        if !isOther, case .signer = source {
            signatures.lifetime = lifetime
            return false
        }
        self.source = source
        signatures.use(source, lifetime: lifetime)
        beginSigning()
        report(.signingChanged(mayBeOfAnotherKey: false))
        return isOther
    }

    /// Calls from now on may take so long, and new connections need a certificate of these authorities; nil: the system's.
    public func use(timeout: Duration, trustRoots: TrustRoots?) {
        configuration.timeout = timeout
        configuration.trustRoots = trustRoots
        pool.change(timeout: timeout, trustRoots: trustRoots)
    }

    /// Calls wait for a UserSig: the signer is asked, if it is not already.
    public func wantSignature() { signer?.wantAnother() }

    /// Has the next call use a new UserSig. With a signer, no call may be made until that has come.
    public func discardSignature() {
        signatures.discard()
        guard let signer else { return }
        signer.wantAnother()
        report(.signingChanged(mayBeOfAnotherKey: false))
    }

    /// Makes a call; only before ``signedUntil``.
    /// - Parameters:
    ///   - key: The call's name, which its failure carries.
    ///   - accounts: 1…100 distinct accounts.
    ///   - connection: An idle one, if there is one, or a new one in any case.
    ///   - completion: Called once on the event loop, never before this returns.
    public func getAttributes(
        _ key: CallKey, of accounts: [Account], on connection: ConnectionChoice = .any,
        completion: @escaping (CallEnd) -> Void
    ) -> Call {
        eventLoop.preconditionInEventLoop()
        // The scheduler starts no call without one. If it did, the server would refuse the call.
        let signature = signatures.signature(at: wallClock(), moment: .now())
        let path = path(with: signature ?? UserSig(text: "", expiresAt: 0))
        random = random &* 1_664_525 &+ 1_013_904_223
        let request = GetAttrRequest(accounts: accounts, path: path, random: random)
        let call = pool.post(
            request, on: connection, read: { [self] in end(of: $0, key, requested: accounts) }, completion: completion)
        return Call(pool: pool, id: call, random: random)
    }

    /// Our clock less the server's `Date` when the latest answer came, in seconds; nil if it had none.
    public var clockSkewSeconds: Int64? { latestDate?.skewSeconds }

    private func path(with signature: UserSig) -> String {
        if let latestPath, latestPath.signature == signature { return latestPath.text }
        let text = GetAttrRequest.path(
            admin: configuration.admin, sdkAppID: configuration.sdkAppID, signature: signature)
        latestPath = (signature, text)
        return text
    }

    /// Closes all connections, and wipes the key; calls that have not ended fail. The client is of no use afterwards.
    public func shutDown() -> EventLoopFuture<Void> {
        source.wipe()
        signer?.stop()
        return pool.shutDown()
    }

    // MARK: The signer

    private func beginSigning() {
        signer?.stop()
        switch source {
        case .key:
            signer = nil
            firstSigning.succeed()
        case .signer(let path):
            let link = SignerLink(path: path, eventLoop: eventLoop) { [weak self] in self?.signerReports($0) }
            signer = link
            link.start()
        }
    }

    private func signerReports(_ report: SignerLink.Report) {
        var mayBeOfAnotherKey = false
        switch report {
        case .answered(let answer, let isFirst):
            if case .taken(let next) = signatures.take(answer, at: wallClock(), moment: .now()) {
                mayBeOfAnotherKey = isFirst
                signer?.wantAnother(after: next)
            }
        case .failed(let trouble): signatures.failed(trouble)
        }
        self.report(.signingChanged(mayBeOfAnotherKey: mayBeOfAnotherKey))
        firstSigning.succeed()
    }

    // MARK: How a call ended

    private func end(of exchange: ConnectionPool.End, _ key: CallKey, requested: [Account]) -> CallEnd {
        switch exchange {
        case .failure(let error):
            latestDate = date(error.date)
            var failure = error.error.failure(wasSent: error.wasSent)
            failure.message = signatures.redactor.redact(failure.message)
            failure.call = key
            return CallEnd(counted: error.wasSent ? .unknown(closedAt: .now()) : .neverSent, result: .failure(failure))
        case .success(let answer):
            latestDate = date(answer.head.date)
            return end(of: answer, key, requested)
        }
    }

    private func end(of answer: UpstreamConnectionState.Answer, _ key: CallKey, _ requested: [Account]) -> CallEnd {
        do {
            let verdict = try GetAttrVerdict(
                body: Array(buffer: answer.body), key, requested: requested, redactor: signatures.redactor)
            let isOurs = answer.isCertain && verdict.isForTheCall
            return CallEnd(
                counted: isOurs ? .answered(at: answer.headReceivedAt) : .unknown(closedAt: .now()),
                result: result(of: verdict, isCertain: answer.isCertain, key))
        } catch {
            // Where the connection has had an earlier call, it belongs to that one, and does not say how this one ended.
            let isEarlierCalls = error == .isForOthers && answer.roundTrip != nil
            let failure = CallFailure(
                isEarlierCalls ? .stale : .unusableAnswer,
                message: "upstream's answer is not what is documented: \(error.reason)", call: key)
            return CallEnd(counted: .unknown(closedAt: .now()), result: .failure(failure))
        }
    }

    private func date(_ header: String?) -> AnswerDate? { header.map { AnswerDate(header: $0, cameAt: wallClock()) } }

    /// Of an answer that may be another call's, only what it says of this call's accounts is used.
    private func result(
        of verdict: GetAttrVerdict, isCertain: Bool, _ key: CallKey
    ) -> Result<CallAnswer, CallFailure> {
        switch verdict {
        case .ok(var answer):
            if !isCertain { answer.isComplete = false }
            return .success(answer)
        case .fail(let code, let info, _):
            let kind = ErrorCode.kind(of: code)
            return .failure(
                CallFailure(
                    kind, code: code, message: "upstream answered \(code): \(ErrorCode.meaning(of: code))",
                    errorInfo: info,
                    clockSkewSeconds: kind == .signatureExpired ? clockSkewSeconds : nil, call: key))
        }
    }
}

/// When an answer was made by the server's clock, and when it came by ours. What the header says is looked into only
/// where a person reads it.
private struct AnswerDate {
    /// The `Date` header.
    let header: String
    /// Seconds since 1970.
    let cameAt: Int64

    /// Our clock less the server's, in seconds; nil if the header cannot be read.
    var skewSeconds: Int64? { HTTPDate.secondsSince1970(header).map { cameAt - $0 } }
}

/// What the client needs to know of the app and of the server.
public struct UpstreamConfiguration: Hashable, Sendable {
    /// `SDKAppID`.
    public var sdkAppID: UInt64
    /// The admin account (`identifier`).
    public var admin: String
    /// The server.
    public var endpoint: Endpoint
    /// Nil: the system's.
    public var trustRoots: TrustRoots?
    /// How long one call may take, connecting included.
    public var timeout: Duration
    /// Seconds for which a UserSig is valid.
    public var userSigLifetime: Int64

    /// Describes the app and the server.
    public init(
        sdkAppID: UInt64, admin: String, endpoint: Endpoint, trustRoots: TrustRoots? = nil,
        timeout: Duration = .seconds(5), userSigLifetime: Int64 = 3600
    ) {
        self.sdkAppID = sdkAppID
        self.admin = admin
        self.endpoint = endpoint
        self.trustRoots = trustRoots
        self.timeout = timeout
        self.userSigLifetime = userSigLifetime
    }
}
