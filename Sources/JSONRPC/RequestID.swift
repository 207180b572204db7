import JSONTokens

/// A request's id, byte for byte as it was in the request: a string with its escapes, a number of any size or form,
/// or `null`.
///
/// Two ids are the same when their bytes are; `1` and `1.0` are two ids.
public struct RequestID: Sendable {
    /// Bytes that an id may have.
    public static let maximumLength = 1024
    /// `null`: the id of answers to lines whose own id could not be read.
    public static let null = RequestID(token: "null".utf8)

    /// As a `String`, since a short one, which nearly every id is, needs no memory of its own.
    private let text: String

    /// The JSON token.
    public var token: String.UTF8View { text.utf8 }

    /// Wraps a token, which must be a JSON string, number or null in UTF-8.
    public init(token: some Collection<UInt8>) { text = String(decoding: token, as: UTF8.self) }

    /// The same for a part of a line.
    init(token: Range<Int>, of line: [UInt8]) { text = String(decoding: line[token], as: UTF8.self) }
}

extension RequestID: Hashable {
    /// Whether both have the same bytes. `String`s would call different ones equal.
    public static func == (left: RequestID, right: RequestID) -> Bool { left.token.elementsEqual(right.token) }

    /// Feeds the bytes. A hasher takes many at once by a pointer only.
    public func hash(into hasher: inout Hasher) {
        unsafe token.span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}
