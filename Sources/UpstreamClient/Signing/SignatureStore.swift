import AttributeValues
import UserSig

/// Holds the UserSig that calls are made with. With a key, it makes the next one in time; else it says when one is wanted from the
/// signer, and takes it.
struct SignatureStore {
    private enum Source {
        case key(UserSigSigner)
        /// - Parameter trouble: Why no UserSig came when one was last asked for.
        case signer(trouble: SignerTrouble?)
    }

    private struct Current {
        let signature: UserSig
        /// Seconds since 1970.
        let issuedAt: Int64
        /// The same, on the clock that never steps.
        let moment: Moment
        /// Seconds from making to end.
        let lifetime: Int64
        /// Whether upstream has refused it: another one is wanted.
        var isRefused = false

        var end: Moment { moment + .seconds(lifetime) }
        var half: Moment { moment + .seconds(max(1, lifetime / 2)) }
    }

    private var source: Source
    private let sdkAppID: UInt64
    private let admin: String
    /// Seconds for which UserSigs are to be made.
    var lifetime: Int64
    private var current: Current?
    /// Knows the key, and the one before it: calls signed with that can still be on the wire.
    private var keys: [Redactor] = []
    /// UserSigs that may still be valid somewhere.
    private var signatures: [String] = []
    /// Takes out of a text what must not be shown of it.
    private(set) var redactor = Redactor()

    init(_ source: SignatureSource, sdkAppID: UInt64, admin: String, lifetime: Int64) {
        self.source = .signer(trouble: nil)
        self.sdkAppID = sdkAppID
        self.admin = admin
        self.lifetime = lifetime
        use(source, lifetime: lifetime)
    }

    /// Seconds since 1970; nil if there is none that can be used, or the next call makes one.
    var expiresAt: Int64? { current.flatMap { $0.isRefused ? nil : $0.signature.expiresAt } }

    /// Until when calls can be signed: with a key for ever.
    var signedUntil: Moment {
        switch source {
        case .key: .distantFuture
        case .signer: current.flatMap { $0.isRefused ? nil : $0.end } ?? .distantPast
        }
    }

    /// How signing goes. It is asked for with each request, and reads the clock only if something is wrong.
    func condition(at now: @autoclosure () -> Moment) -> SigningCondition {
        guard case .signer(let trouble?) = source else { return .fine }
        if let current, !current.isRefused, now() < current.half { return .fine }
        return .failing(trouble)
    }

    /// The UserSig for a call now. With a key, one is made at half of the life of the one before, by the time of day or by the clock that
    /// never steps, and when the time of day went back behind its making, since upstream would call it made in the future. Without, it
    /// is the latest one that the signer gave; nil if it gave none. The caller keeps to ``signedUntil``.
    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - moment: The same, on the clock that never steps.
    mutating func signature(at now: Int64, moment: Moment) -> UserSig? {
        guard case .key(let signer) = source else { return current?.signature }
        let age = max(1, lifetime / 2)
        if let current, (current.issuedAt..<current.issuedAt + age).contains(now), moment < current.half,
            !current.isRefused
        {
            return current.signature
        }
        let signature = signer.sign(identifier: admin, issuedAt: now, validFor: lifetime)
        keep(Current(signature: signature, issuedAt: now, moment: moment, lifetime: lifetime))
        return signature
    }

    /// Has the next call use a new UserSig; without a key, no call can be made until the signer has given one.
    mutating func discard() { current?.isRefused = true }

    /// Makes UserSigs in another way or for another time from now on.
    mutating func use(_ source: SignatureSource, lifetime: Int64) {
        self.lifetime = lifetime
        switch source {
        case .key(let key):
            self.source = .key(UserSigSigner(sdkAppID: sdkAppID, key: key))
            keys = keys.suffix(1) + [Redactor(key)]
        case .signer: self.source = .signer(trouble: nil)
        }
        current = nil
        learnSecrets()
    }

    // MARK: The signer

    /// Seconds for which the signer's latest UserSig was made; nil if there is none, or no signer.
    var signerLifetime: Int64? {
        guard case .signer = source else { return nil }
        return current?.lifetime
    }

    /// What comes of an answer of the signer.
    enum Outcome: Hashable, Sendable {
        /// Calls are signed with a new UserSig. The next one is wanted after this time.
        case taken(next: Duration)
        case refused(SignerTrouble)
    }

    /// Takes what the signer has answered. A UserSig for another app or account is never used.
    mutating func take(_ answer: SignerAnswer, at now: Int64, moment: Moment) -> Outcome {
        let issued: IssuedSignature
        switch answer {
        case .refused(isMisconfigured: true, let message): return failed(.unusable(message))
        case .refused(isMisconfigured: false, let message): return failed(.away(message))
        case .issued(let signature): issued = signature
        }
        guard issued.sdkAppID == sdkAppID, issued.admin.utf8.elementsEqual(admin.utf8) else {
            return failed(
                .unusable(
                    "the signer signs for sdkAppId \(issued.sdkAppID) and admin \"\(issued.admin)\", and the configuration "
                        + "here has \(sdkAppID) and \"\(admin)\"; restart imattrd-signer"))
        }
        let age = max(0, now - issued.issuedAt)
        let new = Current(
            signature: issued.signature, issuedAt: issued.issuedAt, moment: moment - .seconds(age),
            lifetime: issued.lifetime)
        keep(new)
        source = .signer(trouble: nil)
        return .taken(next: max(.seconds(1), new.half - moment))
    }

    /// The signer could not be asked.
    @discardableResult
    mutating func failed(_ trouble: SignerTrouble) -> Outcome {
        source = .signer(trouble: trouble)
        return .refused(trouble)
    }

    private mutating func keep(_ new: Current) {
        current = new
        // One that is made twice in a second is the same.
        let text = new.signature.text
        signatures = signatures.filter { $0 != text }.suffix(Self.remembered - 1) + [text]
        learnSecrets()
    }

    private mutating func learnSecrets() {
        redactor = Redactor(secrets: signatures)
        for key in keys { redactor.hide(key) }
    }

    private static let remembered = 16
}

extension Redactor {
    fileprivate init(_ key: SecretKey) {
        self = key.withBytes { key in
            var redactor = Redactor()
            redactor.hide(key)
            return redactor
        }
    }
}
