import FoundationEssentials

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
