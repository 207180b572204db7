import AttributeValues
import Glibc
import NIOCore
import UserSig

/// Makes `im_get_attr` calls: signs, sends, and says how each one ended. One call is one request on the wire; it decides
/// neither when a call leaves nor whether it is repeated.
///
/// Belongs to one event loop: everything is called there.
public final class UpstreamClient {
    /// A call under way.
    public struct Call {
        fileprivate let exchange: Exchange

        /// Closes the call's connection. Its end is still reported.
        public func cancel() { exchange.fail(.cancelled) }
    }

    /// What the client knows of the app and of the server.
    public private(set) var configuration: UpstreamConfiguration
    private let eventLoop: any EventLoop
    private let pool: ConnectionPool
    private let wallClock: @Sendable () -> Int64
    private var signatures: SignatureStore
    private var key: SecretKey
    /// The last call's; the next one's follows from it, as in any linear congruential generator, so that none comes twice in 2^32 calls.
    /// Upstream asks for a fresh number, not for one that nobody can foresee.
    private var random = UInt32.random(in: .min ... .max)
    /// Made once for each UserSig.
    private var latestPath: (signature: UserSig, text: String)?
    private var latestDate: AnswerDate?

    /// - Parameters:
    ///   - key: The app's secret key.
    ///   - eventLoop: Where the client lives.
    ///   - wallClock: Seconds since 1970.
    public init(
        _ configuration: UpstreamConfiguration, key: SecretKey, eventLoop: any EventLoop,
        wallClock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.wallClock = wallClock
        self.key = key
        signatures = SignatureStore(
            sdkAppID: configuration.sdkAppID, key: key, admin: configuration.admin,
            lifetime: configuration.userSigLifetime)
        pool = ConnectionPool(configuration, eventLoop: eventLoop)
    }

    /// Told of each round trip that is measured on a connection that has answered a call before.
    public func onRoundTrip(_ measured: @escaping (Duration) -> Void) { pool.measured = measured }

    /// Told when no connection is left.
    public func onConnectionsGone(_ allGone: @escaping () -> Void) { pool.allGone = allGone }

    /// When the current UserSig expires, in seconds since 1970; nil before the first call.
    public var userSigExpiresAt: Int64? { signatures.expiresAt }

    /// Calls from now on are signed with this key, in UserSigs that are valid for `lifetime` seconds.
    /// - Returns: Whether the key is another one.
    @discardableResult
    public func sign(with key: SecretKey, lifetime: Int64) -> Bool {
        let isOther = key != self.key
        if !isOther, lifetime == configuration.userSigLifetime { return false }
        self.key = key
        configuration.userSigLifetime = lifetime
        signatures.use(key, lifetime: lifetime)
        return isOther
    }

    /// Makes the next call use a new UserSig.
    public func discardSignature() { signatures.discard() }

    /// Makes a call.
    /// - Parameters:
    ///   - key: The call's name, which its failure carries.
    ///   - accounts: 1…100 distinct accounts.
    ///   - completion: Called once on the event loop, never before this returns.
    public func getAttributes(
        _ key: CallKey, of accounts: [Account], on connection: ConnectionChoice = .any,
        completion: @escaping (CallEnd) -> Void
    ) -> Call {
        eventLoop.preconditionInEventLoop()
        let path = path(with: signatures.signature(at: wallClock()))
        random = random &* 1_664_525 &+ 1_013_904_223
        let request = GetAttrRequest(accounts: accounts, path: path, random: random)
        let exchange = pool.post(request) { [self] exchange in
            latestDate = date(of: exchange)
            completion(end(of: exchange, key, requested: accounts))
        }
        return Call(exchange: exchange)
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

    /// Closes all connections, and wipes the key; calls under way fail. The client is of no use afterwards.
    public func shutDown() -> EventLoopFuture<Void> {
        key.wipe()
        return pool.shutDown()
    }

    // MARK: How a call ended

    private func end(of exchange: Exchange.End, _ key: CallKey, requested: [Account]) -> CallEnd {
        switch exchange.body {
        case .failure(let error):
            var failure = error.failure
            failure.message = signatures.redactor.redact(failure.message)
            failure.call = key
            return CallEnd(
                counted: exchange.wasSent ? .unknown(closedAt: .now()) : .neverSent, result: .failure(failure))
        case .success(let body):
            return end(of: Array(buffer: body), exchange, key, requested)
        }
    }

    private func end(of body: [UInt8], _ exchange: Exchange.End, _ key: CallKey, _ requested: [Account]) -> CallEnd {
        do {
            let verdict = try GetAttrVerdict(body: body, key, requested: requested, redactor: signatures.redactor)
            let answeredAt = exchange.headReceivedAt.map { Moment($0) } ?? .now()
            return CallEnd(
                counted: verdict.isForTheCall ? .answered(at: answeredAt) : .unknown(closedAt: .now()),
                result: result(of: verdict, exchange, key))
        } catch {
            // The whole answer has come, so nothing of the call is left in the kernel that closing would discard.
            let failure = CallFailure(
                .unusableAnswer, message: "upstream's answer is not what is documented: \(error.reason)", call: key)
            return CallEnd(counted: .unknown(closedAt: .now()), result: .failure(failure))
        }
    }

    private func date(of exchange: Exchange.End) -> AnswerDate? {
        exchange.dateHeader.map { AnswerDate(header: $0, cameAt: wallClock()) }
    }

    private func result(
        of verdict: GetAttrVerdict, _ exchange: Exchange.End, _ key: CallKey
    ) -> Result<CallAnswer, CallFailure> {
        switch verdict {
        case .ok(let answer): return .success(answer)
        case .fail(let code, let info, _):
            let kind = ErrorCode.kind(of: code)
            return .failure(
                CallFailure(
                    kind, code: code, message: "upstream answered \(code): \(ErrorCode.meaning(of: code))",
                    errorInfo: info,
                    clockSkewSeconds: kind == .signatureExpired ? date(of: exchange)?.skewSeconds : nil, call: key))
        }
    }
}

extension Moment {
    /// The event loop's clock.
    public static func now() -> Moment { Moment(.now()) }

    init(_ deadline: NIODeadline) { self.init(nanoseconds: Int64(deadline.uptimeNanoseconds)) }
}
