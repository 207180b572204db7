import FoundationEssentials

/// Cuts a JSON object into the texts of its members, which a decoder would lose: the digits of numbers, order, names
/// that differ only by normalisation.
struct JSONSlicer {
    private var rest: Substring.UTF8View
    private let isJSON: Bool

    init(_ text: String) {
        rest = text[...].utf8
        // Another reader checks whether it is JSON at all, so that this one has only to find the commas.
        isJSON = (try? JSONDecoder().decode(AnyJSON.self, from: Data(text.utf8))) != nil
    }

    /// The members of the text, which must be one object: the names with their quotes, the values as written.
    mutating func wholeObject() throws(KnownUsersError) -> [(name: String, value: String)] {
        guard isJSON else { throw KnownUsersError(reason: "not JSON") }
        skipSpace()
        guard rest.popFirst() == UInt8(ascii: "{") else {
            throw KnownUsersError(reason: "expected an object of attributes for each account")
        }
        var members: [(name: String, value: String)] = []
        skipSpace()
        while let byte = rest.first, byte != UInt8(ascii: "}") {
            let name = slice()
            skipSpace()
            rest.removeFirst()
            skipSpace()
            members.append((name, slice()))
            skipSpace()
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
            skipSpace()
        }
        return members
    }

    /// Takes one value off, whatever it is, without the white space after it.
    private mutating func slice() -> String {
        let start = rest
        var depth = 0
        var end = rest.startIndex
        scan: while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "\""):
                skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                rest.removeFirst()
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ":"):
                if depth == 0 { break scan }
                if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
                rest.removeFirst()
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                rest.removeFirst()
                continue scan
            default:
                rest.removeFirst()
            }
            end = rest.startIndex
        }
        return String(Substring(start[..<end]))
    }

    private mutating func skipString() {
        rest.removeFirst()
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { rest.removeFirst() }
        }
    }

    private mutating func skipSpace() {
        while let byte = rest.first, [0x20, 0x0A, 0x0D, 0x09].contains(byte) {
            rest.removeFirst()
        }
    }

    /// Decodes from any JSON text whatever, each scalar included.
    private struct AnyJSON: Decodable {
        init(from decoder: any Decoder) throws {
            if let object = try? decoder.container(keyedBy: AnyKey.self) {
                for key in object.allKeys { _ = try object.decode(AnyJSON.self, forKey: key) }
            } else if var array = try? decoder.unkeyedContainer() {
                while !array.isAtEnd { _ = try array.decode(AnyJSON.self) }
            } else {
                let scalar = try decoder.singleValueContainer()
                guard
                    scalar.decodeNil() || (try? scalar.decode(Bool.self)) != nil
                        || (try? scalar.decode(Decimal.self)) != nil || (try? scalar.decode(String.self)) != nil
                else { throw KnownUsersError(reason: "not JSON") }
            }
        }
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
