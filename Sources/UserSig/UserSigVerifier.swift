import FoundationEssentials

/// Why a UserSig is refused. Checked in this order; the first that applies is given.
public enum UserSigError: Error, Sendable, Equatable, CaseIterable {
    /// The text is not base64 in the vendor's alphabet, of a zlib stream of at most 16 KiB, of the JSON object meant.
    case undecodable
    /// It was made with another secret key, or changed afterwards.
    case wrongKey
    /// It was made for another app.
    case wrongApp
    /// It was made for another identifier.
    case wrongIdentifier
    /// Its time is over.
    case expired
}

/// Verifies UserSigs of one app, as the vendor's server does.
public struct UserSigVerifier: Sendable {
    /// How many bytes of JSON a UserSig may inflate to. A real one has some two hundred.
    static let inflatedLimit = 16 * 1024

    private let sdkAppID: UInt64
    private let key: SecretKey

    /// A verifier for the app `sdkAppID`, whose secret key is `key`.
    public init(sdkAppID: UInt64, key: SecretKey) {
        self.sdkAppID = sdkAppID
        self.key = key
    }

    /// Returns if `text` is a UserSig of this app for `identifier` (compared byte for byte) that is still valid at
    /// `now`, in seconds since 1970; throws the first reason that it is not.
    public func verify(_ text: String, identifier: String, now: Int64) throws(UserSigError) {
        guard let (statement, signature) = Self.decode(text) else { throw .undecodable }
        let (end, overflow) = statement.issuedAt.addingReportingOverflow(statement.validFor)
        guard !overflow else { throw .undecodable }
        guard statement.isSigned(by: key, signature: signature) else { throw .wrongKey }
        guard statement.sdkAppID == sdkAppID else { throw .wrongApp }
        guard statement.identifier.utf8.elementsEqual(identifier.utf8) else { throw .wrongIdentifier }
        guard now <= end else { throw .expired }
    }

    private static func decode(_ text: String) -> (Statement, signature: String)? {
        guard let stream = TicketBase64.decode(text),
            let json = ZlibStream.inflate(stream, limit: inflatedLimit),
            let fields = try? JSONDecoder().decode(Fields.self, from: Data(json)),
            fields.version == "2.0"
        else { return nil }
        let statement = Statement(
            identifier: fields.identifier, sdkAppID: fields.sdkAppID,
            issuedAt: fields.issuedAt, validFor: fields.validFor)
        return (statement, fields.signature)
    }

    /// The JSON object inside a UserSig. Read by another reader than the one that writes it, so that a mistake in the
    /// writing cannot go unnoticed.
    private struct Fields: Decodable {
        var version: String
        var identifier: String
        var sdkAppID: UInt64
        var validFor: Int64
        var issuedAt: Int64
        var signature: String

        enum CodingKeys: String, CodingKey {
            case version = "TLS.ver"
            case identifier = "TLS.identifier"
            case sdkAppID = "TLS.sdkappid"
            case validFor = "TLS.expire"
            case issuedAt = "TLS.time"
            case signature = "TLS.sig"
        }
    }
}
