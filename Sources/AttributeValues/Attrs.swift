/// The attributes of one user as upstream wrote them: a JSON object whose tokens are untouched.
///
/// Numbers keep their digits, members their order and their duplicates; only the white space between tokens is gone,
/// so that the object fits on a line.
public struct Attrs: Sendable {
    /// The bytes that the text is among, which all of an answer have together.
    private let bytes: [UInt8]
    private let start: Int
    private let length: UInt32

    /// Wraps the text of a JSON object on one line.
    public init(json: [UInt8]) { self.init(json.indices, of: json) }

    /// Wraps the text of a JSON object on one line, which is part of other bytes. Those stay in memory with it.
    /// - Precondition: The range lies within the bytes, and is shorter than 4 GiB.
    public init(_ range: Range<Int>, of bytes: [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range outside the text")
        self.bytes = bytes
        start = range.lowerBound
        length = UInt32(range.count)
    }

    /// The object's JSON text on one line.
    public var json: [UInt8] { count == bytes.count ? bytes : Array(utf8) }

    /// Gives the same where it stands, without a copy.
    public func withUTF8<Result>(_ body: (borrowing Span<UInt8>) -> Result) -> Result {
        body(bytes.span.extracting(start..<start + count))
    }

    /// Appends the same to other bytes.
    public func append(to other: inout [UInt8]) {
        withUTF8 { text in text.withUnsafeBufferPointer { other.append(contentsOf: $0) } }
    }

    /// Bytes of the text.
    public var count: Int { Int(length) }

    private var utf8: ArraySlice<UInt8> { bytes[start..<start + count] }
}

extension Attrs: Hashable {
    /// Whether both have the same text.
    public static func == (left: Attrs, right: Attrs) -> Bool { left.utf8 == right.utf8 }

    /// Feeds the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(utf8) }
}
