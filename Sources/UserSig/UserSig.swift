/// A signed statement that an identifier of an app may call for a time: the `usersig` parameter of each call.
///
/// It is a credential, so no form of printing shows it; only ``text`` does.
public struct UserSig: Sendable, Equatable {
    /// The encoded statement: ASCII letters, digits, `*`, `-` and `_`, so it needs no escaping in a URL's query.
    public let text: String
    /// The last moment at which it is valid, in seconds since 1970.
    public let expiresAt: Int64

    /// A UserSig that was made elsewhere.
    public init(text: String, expiresAt: Int64) {
        self.text = text
        self.expiresAt = expiresAt
    }
}

extension UserSig: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { redacted }
    /// Always `<redacted>`.
    public var debugDescription: String { redacted }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

/// Makes UserSigs for one app, by the vendor's algorithm TLSSigAPIv2.
public struct UserSigSigner: Sendable {
    /// The app that the signatures are for.
    public let sdkAppID: UInt64
    private let key: SecretKey

    /// A signer for the app `sdkAppID`, whose secret key is `key`.
    public init(sdkAppID: UInt64, key: SecretKey) {
        self.sdkAppID = sdkAppID
        self.key = key
    }

    /// A UserSig for `identifier`, valid from `issuedAt` (seconds since 1970) for `validFor` seconds.
    public func sign(identifier: String, issuedAt: Int64, validFor: Int64) -> UserSig {
        let statement = Statement(identifier: identifier, sdkAppID: sdkAppID, issuedAt: issuedAt, validFor: validFor)
        let json = statement.json(signature: statement.signature(key: key))
        let (expiresAt, overflow) = issuedAt.addingReportingOverflow(validFor)
        return UserSig(
            text: TicketBase64.encode(ZlibStream.compress(Array(json.utf8))),
            expiresAt: overflow ? .max : expiresAt)
    }

    /// Has the libraries that signatures are made with open now whatever they open at their first use.
    ///
    /// libgcrypt ends the process if it finds no descriptor then. To be called while there are some: at the start.
    public static func prepareLibraries() {
        _ = UserSigSigner(sdkAppID: 1, key: SecretKey("none")).sign(identifier: "none", issuedAt: 0, validFor: 1)
    }
}
