/// A request's id, byte for byte as it stood in the request: a string with its escapes, a number of any size or form,
/// or `null`.
///
/// Two ids are the same when their bytes are; `1` and `1.0` are two ids.
public struct RequestID: Hashable, Sendable {
    /// Bytes that an id may have.
    public static let maximumLength = 1024
    /// `null`: the id of answers to lines whose own id could not be read.
    public static let null = RequestID(token: Array("null".utf8))

    /// The JSON token.
    public let token: [UInt8]

    /// Wraps a token, which must be a JSON string, number or null.
    public init(token: [UInt8]) { self.token = token }
}
