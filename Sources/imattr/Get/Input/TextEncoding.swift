/// What the bytes of a text show of its encoding.
enum TextEncoding: Hashable {
    case utf8
    case utf16LittleEndian
    case utf16BigEndian
    case utf32LittleEndian
    case utf32BigEndian

    /// The C library's name for it; nil if no conversion is needed.
    var name: String? {
        switch self {
        case .utf8: nil
        case .utf16LittleEndian: "UTF-16LE"
        case .utf16BigEndian: "UTF-16BE"
        case .utf32LittleEndian: "UTF-32LE"
        case .utf32BigEndian: "UTF-32BE"
        }
    }

    /// The bytes of U+FEFF, the byte order mark. The longer ones come first, since one of them begins with another.
    private static let marks: [(bytes: [UInt8], encoding: TextEncoding)] = [
        ([0xFF, 0xFE, 0, 0], .utf32LittleEndian), ([0, 0, 0xFE, 0xFF], .utf32BigEndian),
        ([0xEF, 0xBB, 0xBF], .utf8), ([0xFF, 0xFE], .utf16LittleEndian), ([0xFE, 0xFF], .utf16BigEndian),
    ]

    /// What the beginning of a text shows.
    enum Finding: Hashable {
        /// Not enough has come to know.
        case unclear
        /// The encoding, and how many bytes its mark has.
        case marked(TextEncoding, Int)
        /// There is no mark; this is what the text looks like.
        case plain(TextEncoding)
    }

    /// Bytes after which no more are waited for.
    private static let enough = 64 << 10
    /// The characters that JSON begins with show what it is in.
    private static let enoughOfJSON = 4

    /// Looks at the beginning of a text, which is unclear as long as no line of it has ended.
    ///
    /// - Parameter isWhole: Whether nothing more comes.
    static func look(at text: [UInt8], _ format: InputFormat, isWhole: Bool) -> Finding {
        if !isWhole, marks.contains(where: { $0.bytes.count > text.count && $0.bytes.starts(with: text) }) {
            return .unclear
        }
        if let mark = marks.first(where: { text.starts(with: $0.bytes) }) {
            return .marked(mark.encoding, mark.bytes.count)
        }
        let canWait = !isWhole && text.count < enough
        guard let first = text.firstIndex(of: 0) else {
            let isEnough = format.hasFields ? text.count >= enoughOfJSON : text.contains(UInt8(ascii: "\n"))
            return canWait && !isEnough ? .unclear : .plain(.utf8)
        }
        let isLittleEndian = !first.isMultiple(of: 2)
        let units = UTF16Units(text, isLittleEndian: isLittleEndian)
        guard units.areText, !isWhole || text.count.isMultiple(of: 2) else { return .plain(.utf8) }
        // Without a line end these may as well be accounts with NUL characters between them.
        if format == .lines, !units.haveLineEnd { return canWait ? .unclear : .plain(.utf8) }
        return .plain(isLittleEndian ? .utf16LittleEndian : .utf16BigEndian)
    }
}

/// A text taken for UTF-16.
private struct UTF16Units {
    /// Whether that makes a text: pairs of surrogates are whole, and no control characters but those of lines and columns.
    private(set) var areText = true
    /// Whether a line ends in it.
    private(set) var haveLineEnd = false

    init(_ text: [UInt8], isLittleEndian: Bool) {
        var isInPair = false
        for index in stride(from: 0, to: text.count - 1, by: 2) {
            let (one, other) = (UInt16(text[index]), UInt16(text[index + 1]))
            let unit = isLittleEndian ? other << 8 | one : one << 8 | other
            if UTF16.isTrailSurrogate(unit) != isInPair { areText = false }
            isInPair = UTF16.isLeadSurrogate(unit)
            if unit == 0x0A { haveLineEnd = true }
            if unit < 0x20 && unit != 0x09 && unit != 0x0A && unit != 0x0D { areText = false }
        }
    }
}

/// Turns the text of a file into UTF-8, whatever encoding it has.
struct TextDecoder {
    private enum State {
        /// What has come is held until the encoding is known.
        case looking([UInt8])
        case utf8
        case converting(Iconv, name: String, isAtStart: Bool)
    }

    private var state: State
    private let format: InputFormat
    /// The encoding that was guessed, without a mark or a word of the caller, if it is not UTF-8.
    private(set) var guess: String?

    /// - Parameter encoding: What the caller says; nil to find it.
    init(_ format: InputFormat, encoding: String?) throws(Iconv.Unknown) {
        self.format = format
        // UTF-8 may have a mark too.
        if let encoding, !["utf-8", "utf8"].contains(encoding.lowercased()) {
            state = .converting(try Iconv(from: encoding), name: encoding, isAtStart: true)
        } else {
            state = .looking([])
        }
    }

    /// Takes the next piece; gives what is known of the text so far.
    mutating func take(_ piece: ArraySlice<UInt8>) throws(DecodingError) -> [UInt8] {
        switch state {
        case .looking(let held): try look(at: held + piece, isWhole: false)
        case .utf8: Array(piece)
        case .converting(let iconv, let name, let isAtStart): try convert(piece, iconv, name, isAtStart: isAtStart)
        }
    }

    /// Takes note that nothing more comes; gives what was still held.
    mutating func end() throws(DecodingError) -> [UInt8] {
        var rest: [UInt8] = []
        if case .looking(let held) = state { rest = try look(at: held, isWhole: true) }
        if case .converting(let iconv, let name, _) = state {
            do throws(Iconv.Malformed) { try iconv.end() } catch { throw Self.failure(error, name) }
        }
        return rest
    }

    private mutating func look(at text: [UInt8], isWhole: Bool) throws(DecodingError) -> [UInt8] {
        switch TextEncoding.look(at: text, format, isWhole: isWhole) {
        case .unclear:
            state = .looking(text)
            return []
        case .marked(let encoding, let length): return try begin(encoding, text[length...])
        case .plain(let encoding):
            guess = encoding.name
            return try begin(encoding, text[...])
        }
    }

    private mutating func begin(_ encoding: TextEncoding, _ text: ArraySlice<UInt8>) throws(DecodingError) -> [UInt8] {
        guard let name = encoding.name else {
            state = .utf8
            return Array(text)
        }
        do throws(Iconv.Unknown) {
            state = .converting(try Iconv(from: name), name: name, isAtStart: false)
        } catch {
            throw DecodingError("the text", "it is in \(name), which this system cannot read")
        }
        return try take(text)
    }

    private mutating func convert(
        _ piece: ArraySlice<UInt8>, _ iconv: Iconv, _ name: String, isAtStart: Bool
    ) throws(DecodingError) -> [UInt8] {
        do throws(Iconv.Malformed) {
            let text = try iconv.convert(piece)
            guard isAtStart, !text.isEmpty else { return text }
            state = .converting(iconv, name: name, isAtStart: false)
            return text.starts(with: "\u{FEFF}".utf8) ? Array(text.dropFirst(3)) : text
        } catch {
            throw Self.failure(error, name)
        }
    }

    private static func failure(_ error: Iconv.Malformed, _ name: String) -> DecodingError {
        let what = error.isCut ? "it ends inside a character" : "it is not \(name)"
        return DecodingError("byte \(error.offset + 1)", what)
    }
}
