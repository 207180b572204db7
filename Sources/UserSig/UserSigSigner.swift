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
}
