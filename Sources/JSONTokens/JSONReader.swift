/// A cursor over one JSON text (RFC 8259) that checks as it goes and builds nothing.
///
/// The caller says what it expects next: ``beginObject()`` then ``nextKey()`` until nil, ``beginArray()`` then
/// ``nextElement()`` until false, ``string()``, or ``skipValue()`` for a value of any kind. Every call checks the
/// grammar and the UTF-8 of what it passes, so a text that was read to ``finish()`` is JSON, and a range it gave
/// can be copied as it is. It never reads past the end, whatever the bytes are.
///
/// A reader can be made to tolerate faulty strings, so that one of them does not spoil what is around it; see
/// ``takeStringFault()``.
public struct JSONReader {
    /// What a value is, by its first byte.
    public enum Kind: Hashable, Sendable { case object, array, string, number, boolean, null }

    /// Arrays and objects inside each other, at most; a reader can be given less. One bit a level is kept in a word.
    public static let maximumDepth = 64

    /// The whole text, of which ranges speak.
    public let bytes: [UInt8]
    /// Where the cursor is.
    public internal(set) var position: Int
    private let depthLimit: Int
    private var depth = 0
    /// Bit n: the container at depth n has had a member already, so the next one needs a comma.
    private var begun: UInt64 = 0
    let toleratesFaultyStrings: Bool
    /// The first fault that was tolerated since ``takeStringFault()``.
    var stringFault: JSONSyntaxError?

    /// Reads `bytes` from a place on, which is where the cursor begins. Offsets count from the start of `bytes`.
    /// - Parameter toleratesFaultyStrings: Whether a string with invalid UTF-8, a control character, an unknown escape
    ///   or a lone surrogate is passed instead of refused. What was read is JSON only if ``takeStringFault()`` gives
    ///   nil.
    public init(
        _ bytes: [UInt8], from start: Int = 0, depthLimit: Int = maximumDepth, toleratesFaultyStrings: Bool = false
    ) {
        precondition(0...bytes.count ~= start, "the start is outside the text")
        self.bytes = bytes
        position = start
        self.depthLimit = min(depthLimit, Self.maximumDepth)
        self.toleratesFaultyStrings = toleratesFaultyStrings
    }

    // MARK: Values

    /// The kind of the value that comes next, after white space; the cursor stops at its first byte.
    public mutating func peek() throws(JSONSyntaxError) -> Kind {
        switch try nextByte() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case let byte: throw JSONSyntaxError(.unexpectedByte(byte), at: position)
        }
    }

    /// Checks and passes the next value, whatever it is, and returns its bytes.
    @discardableResult
    public mutating func skipValue() throws(JSONSyntaxError) -> Range<Int> {
        _ = try nextByte()
        let start = position
        let outside = depth
        // Bit n: what was begun at depth n is an object.
        var objects: UInt64 = 0
        // Not by a call for each value inside: most are short, and cost less than the call.
        repeat {
            try passOrBegin(&objects)
            while depth > outside, try !nextValue(objects) {}
        } while depth > outside
        return start..<position
    }

    /// The same for a value that is a text of its own inside another: its depth is counted from itself on.
    public mutating func skipEnclosedValue() throws(JSONSyntaxError) -> Range<Int> {
        var enclosed = JSONReader(
            bytes, from: position, depthLimit: depthLimit, toleratesFaultyStrings: toleratesFaultyStrings)
        let range = try enclosed.skipValue()
        position = enclosed.position
        if stringFault == nil { stringFault = enclosed.stringFault }
        return range
    }

    /// Checks that only white space is left.
    public mutating func finish() throws(JSONSyntaxError) {
        skipWhiteSpace()
        if position < bytes.count { throw JSONSyntaxError(.unexpectedByte(bytes[position]), at: position) }
    }

    /// Passes a value without anything inside, or begins a container.
    @inline(__always)
    private mutating func passOrBegin(_ objects: inout UInt64) throws(JSONSyntaxError) {
        switch try nextByte() {
        case UInt8(ascii: "\""): try stringHere()
        case UInt8(ascii: "{"):
            try enter()
            objects |= 1 &<< (depth - 1)
        case UInt8(ascii: "["):
            try enter()
            objects &= ~(1 &<< (depth - 1))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case let byte: throw JSONSyntaxError(.unexpectedByte(byte), at: position)
        }
    }

    /// Passes a comma and, in an object, a key, or else the container's end.
    /// - Returns: Whether there is another value.
    @inline(__always)
    private mutating func nextValue(_ objects: UInt64) throws(JSONSyntaxError) -> Bool {
        try objects & 1 &<< (depth - 1) == 0 ? nextElement() : key() != nil
    }

    // MARK: Containers

    /// Passes `{`.
    public mutating func beginObject() throws(JSONSyntaxError) { try begin(UInt8(ascii: "{")) }

    /// Passes `[`.
    public mutating func beginArray() throws(JSONSyntaxError) { try begin(UInt8(ascii: "[")) }

    /// The next key of the object that was begun last, with its colon passed; nil when the object has ended.
    /// The value must be read before the next key is asked for.
    public mutating func nextKey() throws(JSONSyntaxError) -> JSONStringToken? { try key() }

    /// Inlined where keys are only passed, which a function for other modules is not.
    @inline(__always)
    private mutating func key() throws(JSONSyntaxError) -> JSONStringToken? {
        guard try nextMember(closing: UInt8(ascii: "}")) else { return nil }
        let key = try string()
        try pass(UInt8(ascii: ":"))
        return key
    }

    /// Whether the array that was begun last has another element, which must then be read.
    @inline(__always)
    public mutating func nextElement() throws(JSONSyntaxError) -> Bool {
        try nextMember(closing: UInt8(ascii: "]"))
    }

    private mutating func begin(_ bracket: UInt8) throws(JSONSyntaxError) {
        try expect(bracket)
        try enter()
    }

    /// Begins a container at whose bracket the cursor is.
    @inline(__always)
    private mutating func enter() throws(JSONSyntaxError) {
        guard depth < depthLimit else { throw JSONSyntaxError(.nestedTooDeep(limit: depthLimit), at: position) }
        position += 1
        begun &= ~(1 &<< depth)
        depth += 1
    }

    @inline(__always)
    private mutating func nextMember(closing bracket: UInt8) throws(JSONSyntaxError) -> Bool {
        precondition(depth > 0, "asked for a member outside any container")
        let byte = try nextByte()
        let bit = UInt64(1) &<< (depth - 1)
        if byte == bracket {
            position += 1
            depth -= 1
            return false
        }
        if begun & bit != 0 {
            guard byte == UInt8(ascii: ",") else { throw JSONSyntaxError(.unexpectedByte(byte), at: position) }
            position += 1
        }
        begun |= bit
        return true
    }

    // MARK: Bytes

    /// Most tokens have none before them; indented text has a long run.
    @inline(__always)
    mutating func skipWhiteSpace() {
        if position < bytes.count, bytes[position] <= 0x20 { skipRunOfWhiteSpace() }
    }

    private mutating func skipRunOfWhiteSpace() {
        position = endOfRun(from: position) { $0.isJSONWhiteSpace }
    }

    /// The first offset from `start` on whose byte does not belong to a run.
    @inline(__always)
    func endOfRun(from start: Int, _ belongs: (UInt8) -> Bool) -> Int {
        let text = bytes.span
        var index = start
        while index < text.count, belongs(text[index]) { index += 1 }
        return index
    }

    /// The first byte after white space, where the cursor then is.
    @inline(__always)
    private mutating func nextByte() throws(JSONSyntaxError) -> UInt8 {
        if position < bytes.count, bytes[position] > 0x20 { return bytes[position] }
        return try byteAfterWhiteSpace()
    }

    private mutating func byteAfterWhiteSpace() throws(JSONSyntaxError) -> UInt8 {
        skipWhiteSpace()
        guard position < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    /// Stops at a byte that must come after white space.
    @inline(__always)
    mutating func expect(_ wanted: UInt8) throws(JSONSyntaxError) {
        let byte = try nextByte()
        guard byte == wanted else { throw JSONSyntaxError(.unexpectedByte(byte), at: position) }
    }

    /// Passes a byte that must come after white space.
    @inline(__always)
    mutating func pass(_ wanted: UInt8) throws(JSONSyntaxError) {
        try expect(wanted)
        position += 1
    }

    private mutating func literal(_ word: String) throws(JSONSyntaxError) {
        for expected in word.utf8 {
            guard position < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
            let byte = bytes[position]
            guard byte == expected else { throw JSONSyntaxError(.unexpectedByte(byte), at: position) }
            position += 1
        }
    }
}

extension UInt8 {
    /// Space, tab, line feed or carriage return: what RFC 8259 calls white space.
    @inlinable
    public var isJSONWhiteSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
