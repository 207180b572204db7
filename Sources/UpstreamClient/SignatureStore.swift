import AttributeValues
import UserSig

/// Holds the UserSig that calls are made with, and makes the next one in time.
struct SignatureStore {
    private var signer: UserSigSigner
    private let admin: String
    private var lifetime: Int64
    private var current: (signature: UserSig, issuedAt: Int64, moment: Moment)?
    /// Knows the key, and the one before it: calls signed with that can still be on the wire.
    private var keys: [Redactor]
    /// UserSigs that may still be valid somewhere.
    private var signatures: [String] = []
    /// Takes out of a text what must not be shown of it.
    private(set) var redactor: Redactor

    init(sdkAppID: UInt64, key: SecretKey, admin: String, lifetime: Int64) {
        signer = UserSigSigner(sdkAppID: sdkAppID, key: key)
        self.admin = admin
        self.lifetime = lifetime
        keys = [Redactor(key)]
        redactor = Redactor(key)
    }

    /// Seconds since 1970; nil if the next call makes a new one.
    var expiresAt: Int64? { current?.signature.expiresAt }

    /// The UserSig to use now: renewed at half of its life, by the time of day or by the clock that never steps, and when the time
    /// of day went back behind its making, since upstream would call it made in the future.
    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - moment: The same, on the clock that never steps.
    mutating func signature(at now: Int64, moment: Moment) -> UserSig {
        let age = max(1, lifetime / 2)
        if let current, (current.issuedAt..<current.issuedAt + age).contains(now),
            moment - current.moment < .seconds(age)
        {
            return current.signature
        }
        let signature = signer.sign(identifier: admin, issuedAt: now, validFor: lifetime)
        current = (signature, now, moment)
        // One that is made twice in a second is the same.
        signatures = signatures.filter { $0 != signature.text }.suffix(Self.remembered - 1) + [signature.text]
        learnSecrets()
        return signature
    }

    /// Makes the next call use a new UserSig.
    mutating func discard() { current = nil }

    /// Makes UserSigs with another key or for another time from now on.
    mutating func use(_ key: SecretKey, lifetime: Int64) {
        signer = UserSigSigner(sdkAppID: signer.sdkAppID, key: key)
        self.lifetime = lifetime
        current = nil
        keys = keys.suffix(1) + [Redactor(key)]
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
