import JSONTokens

/// A JSON value in memory, for documents that are small and not made for every request. Objects keep their order,
/// numbers their digits.
public indirect enum JSONTree: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// A number as it is written in JSON.
    case number(String)
    case string(String)
    case array([JSONTree])
    case object([Member])

    /// A member of an object.
    public struct Member: Hashable, Sendable {
        /// Its name.
        public let key: String
        /// Its value.
        public let value: JSONTree
    }
}

// MARK: Making

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// A number.
    public init(integerLiteral value: Int) { self = .integer(value) }

    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }

    /// An array.
    public init(arrayLiteral elements: JSONTree...) { self = .array(elements) }

    /// An object with its members in this order.
    public init(dictionaryLiteral elements: (String, JSONTree)...) { self.init(members: elements) }

    /// An object with its members in this order.
    public init(members: [(String, JSONTree)]) { self = .object(members.map { Member(key: $0.0, value: $0.1) }) }

    /// A number.
    public static func integer(_ value: some BinaryInteger) -> JSONTree { .number(String(value)) }

    /// The object with one more member at its end, if there is a value for it; anything else stays as it is.
    public func adding(_ key: String, _ value: JSONTree?) -> JSONTree {
        guard case .object(let members) = self, let value else { return self }
        return .object(members + [Member(key: key, value: value)])
    }
}

// MARK: Looking into it

extension JSONTree {
    /// A member of an object; nil if it is not an object, or has no such member.
    public subscript(key: String) -> JSONTree? { members.first { $0.key == key }?.value }

    /// The members of an object; none of anything else.
    public var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The elements of an array; none of anything else.
    public var elements: [JSONTree] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The text of a string; nil of anything else.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

// MARK: Reading and writing

extension JSONTree {
    /// Reads a whole JSON text.
    public init(json: [UInt8]) throws(JSONSyntaxError) {
        var reader = JSONReader(json)
        self = try Self.read(&reader)
        try reader.finish()
    }

    private static func read(_ reader: inout JSONReader) throws(JSONSyntaxError) -> JSONTree {
        switch try reader.peek() {
        case .object:
            var members: [Member] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                members.append(.init(key: text(key, reader), value: try read(&reader)))
            }
            return .object(members)
        case .array:
            var elements: [JSONTree] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try read(&reader)) }
            return .array(elements)
        case .string:
            let token = try reader.string()
            return .string(text(token, reader))
        case .number: return .number(String(decoding: reader.bytes[try reader.skipValue()], as: UTF8.self))
        case .boolean:
            let range = try reader.skipValue()
            return .boolean(reader.bytes[range.lowerBound] == UInt8(ascii: "t"))
        case .null:
            try reader.skipValue()
            return .null
        }
    }

    /// A string's text, with U+FFFD for what has no UTF-8.
    private static func text(_ token: JSONStringToken, _ reader: JSONReader) -> String {
        String(decoding: reader.identity(token), as: UTF8.self)
    }

    /// The JSON text, on one line.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .boolean(let value): json.boolean(value)
        case .number(let digits): json.raw(Array(digits.utf8))
        case .string(let text): json.string(text)
        case .array(let elements): json.array { json in for element in elements { element.write(to: &json) } }
        case .object(let members):
            json.object { json in
                for member in members {
                    json.key(text: member.key)
                    member.value.write(to: &json)
                }
            }
        }
    }
}
