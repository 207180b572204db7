/// A request as it came in, before anything in it was understood.
///
/// Its line holds the UserSig, so keep it in tests.
public struct SandboxRequest: Sendable {
    /// The method, such as `POST`.
    public var method: String
    /// Path and query as they stood in the request line.
    public var uri: String
    /// The header fields in the order sent.
    public var headers: [(name: String, value: String)]
    /// The body's bytes.
    public var body: [UInt8]

    /// The part of ``uri`` before the first `?`.
    public var path: Substring {
        uri.prefix { $0 != "?" }
    }

    /// The part of ``uri`` after the first `?`, empty if there is none.
    public var query: Substring {
        uri.dropFirst(path.count + 1)
    }
}
