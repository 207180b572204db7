/// The JSON text of an answer, pretty-printed like the vendor's sample or on one line.
struct AnswerText {
    enum Entry {
        case user([UInt8], Attributes)
        /// An account without a user, for the `ErrorList`.
        case unknown([UInt8])
    }

    /// Whether white space between tokens is left out. White space inside known users' values stays, as written.
    var compact: Bool

    func ok(_ entries: [Entry]) -> String {
        let users = entries.compactMap { entry in
            if case .user(let account, let attributes) = entry { user(account, attributes) } else { nil }
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

    func fail(code: Int, info: String) -> String {
        list(
            "{",
            [
                member("ActionStatus", #""FAIL""#), member("ErrorInfo", Self.quoted(Array(info.utf8))),
                member("ErrorCode", String(code)),
            ], "}", depth: 0)
    }

    func fail(_ refusal: Refusal) -> String {
        fail(code: refusal.code, info: refusal.info)
    }

    private func user(_ account: [UInt8], _ attributes: Attributes) -> String {
        let pairs = attributes.pairs.map { $0.name + colon + $0.value }
        return list(
            "{", [member("To_Account", Self.quoted(account)), member("Attrs", list("{", pairs, "}", depth: 3))],
            "}", depth: 2)
    }

    private func error(_ account: [UInt8]) -> String {
        list(
            "{",
            [
                member("To_Account", Self.quoted(account)), member("ErrorCode", "70107"),
                member("ErrorInfo", #""requested account does not exist""#),
            ], "}", depth: 2)
    }

    private var colon: String { compact ? ":" : ": " }

    private func member(_ name: String, _ value: String) -> String {
        "\"\(name)\"\(colon)\(value)"
    }

    private func list(_ open: String, _ items: [String], _ close: String, depth: Int) -> String {
        guard !items.isEmpty else { return open + close }
        guard !compact else { return open + items.joined(separator: ",") + close }
        let outer = "\n" + String(repeating: "    ", count: depth)
        let inner = outer + "    "
        return open + inner + items.joined(separator: "," + inner) + outer + close
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
