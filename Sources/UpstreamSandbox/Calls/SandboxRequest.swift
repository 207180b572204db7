import FoundationEssentials

/// A request as it came in, before anything in it was understood.
///
/// Its line holds the UserSig, so keep it in tests.
public struct SandboxRequest: Sendable {
    /// The method, such as `POST`.
    public var method: String
    /// Path and query as they were in the request line.
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

/// The body of a call: `{"To_Account": ["account", …]}`.
struct CallBody {
    /// The accounts in the order sent, as the UTF-8 bytes of their decoded strings.
    ///
    /// Bytes, because a Swift string counts `é` and `e` with U+0301 as equal, and they are two accounts.
    var accounts: [[UInt8]]

    /// The accounts of a body; nil if it is not JSON of that shape, or names no account.
    init?(_ body: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(body)), !fields.accounts.isEmpty else {
            return nil
        }
        accounts = fields.accounts.map { Array($0.utf8) }
    }

    private struct Fields: Decodable {
        var accounts: [String]

        enum CodingKeys: String, CodingKey {
            case accounts = "To_Account"
        }
    }
}
