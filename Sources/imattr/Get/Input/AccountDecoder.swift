import IMAttrClient

/// Finds accounts in a text that comes in pieces, cut anywhere. Memory is bounded, whatever the text is.
protocol AccountDecoder {
    /// Takes the next piece, and appends the accounts that end in it.
    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError)

    /// Takes note that nothing more comes, and appends what was still open.
    mutating func end(_ accounts: inout [Account]) throws(DecodingError)
}

/// What is wrong in a text, and where.
struct DecodingError: Error, Hashable {
    /// As in `line 7`.
    let place: String
    /// As in `an account has at most 255 bytes`.
    let what: String

    init(_ place: String, _ what: String) {
        self.place = place
        self.what = what
    }
}

/// Whether accounts may have control characters in them.
enum ControlCharacters {
    /// They are allowed, since the form of the text says where an account ends, or writes them as escapes.
    case allowed
    /// They mean that the text is not what it is taken for; the sentence says what else it may be.
    case refused(String)
}

extension Account {
    /// Checks what was found.
    ///
    /// - Parameter place: Where it is, for the error.
    init(
        found bytes: some Collection<UInt8>, _ controls: ControlCharacters = .allowed,
        at place: @autoclosure () -> String
    ) throws(DecodingError) {
        if bytes.isEmpty { throw DecodingError(place(), "an account has at least 1 byte") }
        guard bytes.count <= Account.allowedLength.upperBound else { throw .tooLong(place()) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DecodingError(
                place(), "an account must be UTF-8; --encoding reads other texts, such as GB18030 from Excel in China")
        }
        if case .refused(let hint) = controls,
            let control = text.unicodeScalars.first(where: { $0.properties.generalCategory == .control })
        {
            throw DecodingError(place(), "an account with the control character \(control.name): \(hint)")
        }
        self.init(text)
    }
}

extension Unicode.Scalar {
    /// As in `U+0009`.
    fileprivate var name: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension DecodingError {
    static func tooLong(_ place: String) -> DecodingError {
        DecodingError(place, "an account has at most \(Account.allowedLength.upperBound) bytes")
    }
}

/// One account a line, or between two other characters. Empty lines are passed over; all else of a line is the account, spaces too.
struct LineDecoder: AccountDecoder {
    private let end: UInt8
    /// Whether `\r` before the end of a line is a part of the end.
    private let dropsReturns: Bool
    private let controls: ControlCharacters
    private var line: [UInt8] = []
    private var number = 1

    /// - Parameter end: What ends a line.
    init(end: UInt8 = UInt8(ascii: "\n")) {
        self.end = end
        dropsReturns = end == UInt8(ascii: "\n")
        let hint = "-0 is for accounts between NUL characters, --encoding for a text that is not UTF-8"
        controls = end == 0 ? .allowed : .refused(hint)
    }

    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        var rest = piece
        while let end = rest.firstIndex(of: end) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            try finishLine(&accounts)
        }
        line += rest
        // Something without line ends is not held until memory is full.
        if line.count > Account.allowedLength.upperBound + 1 { throw .tooLong(place) }
    }

    mutating func end(_ accounts: inout [Account]) throws(DecodingError) {
        // A text file ends in a line feed, whatever separates its accounts.
        if !dropsReturns, end != 0, line.last == UInt8(ascii: "\n") { line.removeLast() }
        try finishLine(&accounts)
    }

    private var place: String { end == UInt8(ascii: "\n") ? "line \(number)" : "account \(number)" }

    private mutating func finishLine(_ accounts: inout [Account]) throws(DecodingError) {
        if dropsReturns, line.last == UInt8(ascii: "\r") { line.removeLast() }
        if !line.isEmpty { accounts.append(try Account(found: line, controls, at: place)) }
        line.removeAll(keepingCapacity: true)
        number += 1
    }
}
