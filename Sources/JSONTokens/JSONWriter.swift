/// Appends JSON to a byte array, always on one line.
///
/// The line separators of Unicode (U+0085, U+2028, U+2029) are written as `\uXXXX`: many languages end lines there.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    /// Whether a comma is due before the next member.
    private var needsComma = false

    /// Starts with an empty text.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    // MARK: Containers

    /// Writes an object whose members `content` writes.
    public mutating func object(_ content: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "{"), UInt8(ascii: "}"), content)
    }

    /// Writes an array whose elements `content` writes.
    public mutating func array(_ content: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "["), UInt8(ascii: "]"), content)
    }

    /// Writes the key of the next value. It must be one that needs no escapes.
    public mutating func key(_ key: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(key)
        bytes.append(#"":"#)
        needsComma = false
    }

    /// Writes the key of the next value, escaped where it must be. The label keeps literals from choosing it.
    public mutating func key(text: String) {
        string(text)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func container(_ open: UInt8, _ close: UInt8, _ content: (inout JSONWriter) -> Void) {
        comma()
        bytes.append(open)
        needsComma = false
        content(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Values

    /// Writes a string.
    public mutating func string(_ text: String) { string(text.utf8.span) }

    /// Writes a string of UTF-8 bytes.
    public mutating func string(_ text: [UInt8]) { string(text.span) }

    /// Writes a string of UTF-8 bytes.
    public mutating func string(_ text: some Sequence<UInt8>) { string(Array(text).span) }

    private mutating func string(_ text: Span<UInt8>) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.appendEscaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a number.
    public mutating func integer(_ value: Int) {
        comma()
        bytes.append(decimal: value)
    }

    /// Writes a number.
    public mutating func integer(_ value: some BinaryInteger) {
        if let value = Int(exactly: value) { return integer(value) }
        comma()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a number; it must be finite.
    public mutating func number(_ value: Double) {
        comma()
        bytes.append(contentsOf: String(value.isFinite ? value : 0).utf8)
    }

    /// Writes `true` or `false`.
    public mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { literal("null") }

    /// Writes bytes that are one JSON value on one line already.
    public mutating func raw(_ value: [UInt8]) {
        comma()
        bytes.append(contentsOf: value)
    }

    private mutating func literal(_ word: StaticString) {
        comma()
        bytes.append(word)
    }
}

extension [UInt8] {
    /// Appends a number, without a string in between: a status has fifty numbers.
    fileprivate mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        let start = count
        var rest = value.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
