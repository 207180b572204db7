/// Where UserSigs come from: from a key that this process reads, or from the signer.
public enum KeySource: Hashable, Sendable {
    /// The key's file among the credentials that the service manager has handed over.
    case credential(String)
    /// The key's file elsewhere.
    case file(String)
    /// The signer's socket.
    case signer(String)

    /// One word for a status.
    public var name: String {
        switch self {
        case .credential: "credential"
        case .file: "secretKeyFile"
        case .signer: "signer"
        }
    }
}
