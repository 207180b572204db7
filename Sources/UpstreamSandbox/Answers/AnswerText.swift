/// The JSON text of an answer, pretty-printed like the vendor's sample or on one line.
///
/// Texts are bytes, since some of the odd ones are not UTF-8.
struct AnswerText {
    enum Entry {
        case user([UInt8], Attributes)
        /// An account without a user, for the `ErrorList`.
        case unknown([UInt8])
        /// A user's entry that has an odd shape.
        case odd([UInt8], Attributes, EntryShape)

        /// The entry of an account that was not asked for.
        static func stranger(_ name: String) -> Entry {
            .user(Array(name.utf8), Attributes(echoing: Array(name.utf8)))
        }
    }

    /// Whether white space between tokens is left out. White space inside known users' values stays, as written.
    var compact: Bool

    func ok(_ entries: [Entry]) -> [UInt8] {
        let users = entries.flatMap { entry -> [[UInt8]] in
            switch entry {
            case .user(let account, let attributes): [user(account, attributes)]
            case .odd(let account, let attributes, let shape): odd(account, attributes, shape)
            case .unknown: []
            }
        }
        let errors = entries.compactMap { entry in
            if case .unknown(let account) = entry { error(account) } else { nil }
        }
        let head = [
            member("ActionStatus", #""OK""#), member("ErrorInfo", #""""#), member("ErrorCode", "0"),
            member("UserAttrs", list("[", users, "]", depth: 1)),
        ]
        let tail = errors.isEmpty ? [] : [member("ErrorList", list("[", errors, "]", depth: 1))]
        return list("{", head + tail, "}", depth: 0)
    }

    func fail(code: Int, info: String) -> [UInt8] {
        list(
            "{",
            [
                member("ActionStatus", #""FAIL""#), member("ErrorInfo", Self.quoted(Array(info.utf8))),
                member("ErrorCode", String(code)),
            ], "}", depth: 0)
    }

    func fail(_ refusal: Refusal) -> [UInt8] {
        fail(code: refusal.code, info: refusal.info)
    }

    private func user(_ account: [UInt8], _ attributes: Attributes) -> [UInt8] {
        entry([member("To_Account", Self.quoted(account)), attrs(attributes.pairs)])
    }

    private func error(_ account: [UInt8]) -> [UInt8] {
        entry([
            member("To_Account", Self.quoted(account)), member("ErrorCode", "70107"),
            member("ErrorInfo", #""requested account does not exist""#),
        ])
    }

    /// An entry with these members.
    func entry(_ members: [[UInt8]]) -> [UInt8] {
        list("{", members, "}", depth: 2)
    }

    /// The member with an entry's attributes.
    func attrs(_ pairs: [Attributes.Pair]) -> [UInt8] {
        member("Attrs", list("{", pairs.map { Array(($0.name + colon + $0.value).utf8) }, "}", depth: 3))
    }

    /// The member `Attrs` with a single attribute, `odd`, of any text.
    func attrs(oddValue: [UInt8]) -> [UInt8] {
        member("Attrs", list("{", [member("odd", oddValue)], "}", depth: 3))
    }

    private var colon: String { compact ? ":" : ": " }

    func member(_ name: String, _ value: [UInt8]) -> [UInt8] {
        Array("\"\(name)\"\(colon)".utf8) + value
    }

    func member(_ name: String, _ value: String) -> [UInt8] {
        member(name, Array(value.utf8))
    }

    private func list(_ open: String, _ items: [[UInt8]], _ close: String, depth: Int) -> [UInt8] {
        guard !items.isEmpty else { return Array((open + close).utf8) }
        guard !compact else { return Self.joined(open, items, ",", close) }
        let outer = "\n" + String(repeating: "    ", count: depth)
        let inner = outer + "    "
        return Self.joined(open + inner, items, "," + inner, outer + close)
    }

    private static func joined(
        _ open: String, _ items: [[UInt8]], _ separator: String, _ close: String
    ) -> [UInt8] {
        Array(open.utf8) + Array(items.joined(separator: separator.utf8)) + Array(close.utf8)
    }

    /// A JSON string of UTF-8 bytes; only what RFC 8259 demands is escaped.
    static func quoted(_ text: [UInt8]) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                quoted += [UInt8(ascii: "\\"), byte]
            case 0x00..<0x20:
                let hex = String(byte, radix: 16)
                quoted += Array("\\u00\(byte < 0x10 ? "0" : "")\(hex)".utf8)
            default:
                quoted.append(byte)
            }
        }
        return String(decoding: quoted + [UInt8(ascii: "\"")], as: UTF8.self)
    }
}
