import UserSig

/// Where UserSigs come from: one of the two, and never both.
public enum SignatureSource: Equatable, Sendable {
    /// They are made here, with the app's secret key.
    case key(SecretKey)
    /// They are asked for on the signer's socket at this path. The key is never in this process.
    case signer(path: String)

    /// Makes a key useless.
    func wipe() { if case .key(let key) = self { key.wipe() } }
}

/// Why the signer gives no UserSig: one sentence for a person, with what to do.
public enum SignerTrouble: Error, Hashable, Sendable, CustomStringConvertible {
    /// It cannot be reached, or does not answer as it should.
    case away(String)
    /// It answers that it has no key, or it signs for another app or account.
    case unusable(String)

    /// The sentence.
    public var description: String {
        switch self {
        case .away(let text), .unusable(let text): text
        }
    }
}

/// How signing goes at a moment.
public enum SigningCondition: Hashable, Sendable {
    /// There is a UserSig, and nothing is wrong; or the first one is on its way.
    case fine
    /// The UserSig in use is past half of its life or over, and there is no other.
    case failing(SignerTrouble)
}
