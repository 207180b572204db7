import JSONTokens
import NIOCore

/// Reads the answer to one POST from the bytes of a connection (RFC 9112), and knows where it ends.
///
/// NIO's decoder does not say whether bytes followed the end of an answer, and keeps what may be the beginning of
/// another one for the next request. This one is deliberately narrow: what could be understood in two ways is refused,
/// since the bytes that follow could then be taken for the answer to another request.
struct ResponseParser {
    /// Bytes of all lines of heads and trailers together, at most.
    static let maximumHeadSize = 1 << 16
    /// Bytes of the line before a chunk, at most.
    static let maximumChunkLineSize = 1024

    struct Head: Hashable {
        var status: Int
        /// Whether the server keeps the connection open after the answer.
        var keepsConnection: Bool
        /// The header `Date`.
        var date: String?
    }

    enum Part: Hashable {
        case head(Head)
        case body(ByteBuffer)
        case end
    }

    /// Why the bytes are no answer.
    struct Malformed: Error, Hashable {
        let reason: String
    }

    private enum State {
        case statusLine
        case fields(Fields)
        case counted(left: Int)
        case untilClose
        case chunkLine
        case chunk(left: Int)
        case lineAfterChunk
        case trailers
        case ended
    }

    private var state = State.statusLine
    private var unread = ByteBuffer()
    private var headSize = 0

    /// Takes more bytes, to be read by ``next()``.
    mutating func append(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
    }

    /// Whether bytes are left that were not read: after the end, they are no part of the answer.
    var hasUnreadBytes: Bool { unread.readableBytes > 0 }

    /// The next part; nil if more bytes are needed, and after the end.
    mutating func next() throws(Malformed) -> Part? {
        while true {
            switch state {
            case .statusLine:
                guard let line = try headLine() else { return nil }
                state = .fields(try Fields(statusLine: line))
            case .fields(var fields):
                guard let line = try headLine() else { return nil }
                if !line.isEmpty {
                    try fields.add(line)
                    state = .fields(fields)
                } else if fields.isInterim {
                    state = .statusLine
                } else {
                    state = fields.body
                    return .head(fields.head)
                }
            case .counted(0):
                state = .ended
                return .end
            case .counted(let left):
                guard let part = bytes(atMost: left) else { return nil }
                state = .counted(left: left - part.readableBytes)
                return .body(part)
            case .untilClose: return bytes(atMost: .max).map { .body($0) }
            case .chunkLine:
                guard let line = try line(atMost: Self.maximumChunkLineSize) else { return nil }
                let size = try Self.chunkSize(line)
                state = size == 0 ? .trailers : .chunk(left: size)
            case .chunk(0): state = .lineAfterChunk
            case .chunk(let left):
                guard let part = bytes(atMost: left) else { return nil }
                state = .chunk(left: left - part.readableBytes)
                return .body(part)
            case .lineAfterChunk:
                guard let line = try line(atMost: Self.maximumChunkLineSize) else { return nil }
                guard line.isEmpty else { throw Malformed(reason: "a chunk is longer than its size") }
                state = .chunkLine
            case .trailers:
                guard let line = try headLine() else { return nil }
                if line.isEmpty {
                    state = .ended
                    return .end
                }
                _ = try Fields.split(line)
            case .ended: return nil
            }
        }
    }

    /// The connection was closed in order.
    /// - Returns: Whether that ends the answer.
    mutating func endOfFile() -> Bool {
        guard case .untilClose = state else { return false }
        state = .ended
        return true
    }

    // MARK: Bytes

    private mutating func bytes(atMost count: Int) -> ByteBuffer? {
        let available = min(count, unread.readableBytes)
        return available == 0 ? nil : unread.readSlice(length: available)
    }

    private mutating func headLine() throws(Malformed) -> Line? {
        guard let line = try line(atMost: Self.maximumHeadSize - headSize) else { return nil }
        headSize += line.count + 2
        return line
    }

    /// Bytes, which cost a third of what a `String` would.
    private typealias Line = [UInt8]

    /// The next line without its end; nil if it has not come as a whole.
    private mutating func line(atMost count: Int) throws(Malformed) -> Line? {
        let end = unread.readableBytesUInt8Span.firstLineFeed()
        guard end ?? unread.readableBytes <= count else { throw Malformed(reason: "its head is too long") }
        guard let end, var line = unread.readBytes(length: end) else { return nil }
        unread.moveReaderIndex(forwardBy: 1)
        guard line.popLast() == UInt8(ascii: "\r") else { throw Malformed(reason: "a line does not end with CR LF") }
        guard !Self.hasControls(line) else { throw Malformed(reason: "a control character in its head") }
        return line
    }

    private static func hasControls(_ line: Line) -> Bool {
        let bytes = line.span
        for index in bytes.indices {
            let byte = bytes[index]
            if byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F { return true }
        }
        return false
    }

    /// At most seven digits, and perhaps an extension, which is passed over.
    private static func chunkSize(_ line: Line) throws(Malformed) -> Int {
        let digits = line.prefix { $0.hexDigitValue != nil }
        let rest = line.dropFirst(digits.count).drop { $0.isBlank }
        guard (1...7).contains(digits.count), rest.isEmpty || rest.first == UInt8(ascii: ";") else {
            throw Malformed(reason: "malformed size of a chunk")
        }
        return digits.reduce(0) { $0 << 4 | Int($1.hexDigitValue ?? 0) }
    }

    // MARK: The head

    private struct Fields {
        private let status: Int
        private let version: Version
        private var framing = Framing.none
        private var persistence: Persistence
        private var date: String?

        private enum Version { case http10, http11 }

        /// How the header says that the body comes.
        private enum Framing {
            case none
            case length(Int)
            case chunked
        }

        /// What becomes of the connection after the answer.
        private enum Persistence { case keeps, closes }

        /// `HTTP/1.1 200 OK`, of which the last word may be any, or missing.
        init(statusLine line: Line) throws(Malformed) {
            let start = line.prefix(9)
            guard start.isExactly("HTTP/1.1 ") || start.isExactly("HTTP/1.0 "),
                let status = Self.number(line.dropFirst(9).prefix(3), digits: 3...3), status >= 100,
                line.count == 12 || line[12] == UInt8(ascii: " ")
            else { throw Malformed(reason: "no status line") }
            self.status = status
            version = line[7] == UInt8(ascii: "0") ? .http10 : .http11
            persistence = version == .http10 ? .closes : .keeps
        }

        /// Whether it comes before the answer's own head.
        var isInterim: Bool { (100..<200).contains(status) && status != 101 }

        var head: Head { Head(status: status, keepsConnection: persistence == .keeps, date: date) }

        /// How the body comes. Only that of an answer with status 200 is of use, which always has one.
        var body: State {
            switch framing {
            case .none: .untilClose
            case .length(let length): .counted(left: length)
            case .chunked: .chunkLine
            }
        }

        mutating func add(_ line: Line) throws(Malformed) {
            let (name, value) = try Self.split(line)
            if name.isLowercased("content-length") {
                guard case .none = framing, let number = Self.number(value, digits: 1...15) else {
                    throw Malformed(reason: "more than one length, or a malformed one")
                }
                framing = .length(number)
            } else if name.isLowercased("transfer-encoding") {
                guard case .none = framing, version == .http11, value.isLowercased("chunked") else {
                    throw Malformed(reason: "more than one length, or an unknown encoding")
                }
                framing = .chunked
            } else if name.isLowercased("connection") {
                let words = value.split(separator: UInt8(ascii: ","))
                if words.contains(where: { $0.trimmed.isLowercased("close") }) { persistence = .closes }
            } else if name.isLowercased("date") {
                date = String(decoding: value, as: UTF8.self)
            }
        }

        /// A line of the head or of the trailers.
        static func split(_ line: Line) throws(Malformed) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                line[..<colon].allSatisfy(\.isTokenByte)
            else { throw Malformed(reason: "malformed header") }
            return (line[..<colon], line[(colon + 1)...].trimmed)
        }

        private static func number(_ text: ArraySlice<UInt8>, digits: ClosedRange<Int>) -> Int? {
            guard digits.contains(text.count), text.allSatisfy(\.isDigit) else { return nil }
            return text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == UInt8(ascii: "\t") }

    /// Whether it may be in the name of a header (RFC 9110, section 5.6.2).
    fileprivate var isTokenByte: Bool {
        if isASCIIAlphanumeric || self == UInt8(ascii: "-") { return true }
        return "!#$%&'*+.^_`|~".utf8.contains(self)
    }
}

extension ArraySlice<UInt8> {
    /// Without blanks at its ends.
    fileprivate var trimmed: ArraySlice<UInt8> {
        var text = drop { $0.isBlank }
        while let last = text.last, last.isBlank { text = text.dropLast() }
        return text
    }

    fileprivate func isExactly(_ word: String) -> Bool { matches(word, ignoring: 0) }

    /// Whether it is a word of lower-case letters and hyphens, in letters of any case.
    fileprivate func isLowercased(_ word: String) -> Bool { matches(word, ignoring: 0x20) }

    /// Sequences' own comparison takes thirty instructions a byte here.
    /// - Parameter bit: What a byte may lack that the word's has.
    private func matches(_ word: String, ignoring bit: UInt8) -> Bool {
        let (bytes, wanted) = (span, word.utf8.span)
        guard bytes.count == wanted.count else { return false }
        for index in bytes.indices where bytes[index] != wanted[index] && bytes[index] | bit != wanted[index] {
            return false
        }
        return true
    }
}
