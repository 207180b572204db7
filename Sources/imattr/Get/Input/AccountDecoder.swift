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

extension Account {
    /// Checks what was found.
    ///
    /// - Parameter place: Where it stands, for the error.
    init(found bytes: some Collection<UInt8>, at place: @autoclosure () -> String) throws(DecodingError) {
        if bytes.isEmpty { throw DecodingError(place(), "an account has at least 1 byte") }
        guard bytes.count <= Account.allowedLength.upperBound else { throw .tooLong(place()) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DecodingError(place(), "an account must be UTF-8")
        }
        self.init(text)
    }
}

extension DecodingError {
    static func tooLong(_ place: String) -> DecodingError {
        DecodingError(place, "an account has at most \(Account.allowedLength.upperBound) bytes")
    }
}

/// One account a line. Empty lines are passed over, and `\r` before the end of a line is dropped; all else of a line is the
/// account, spaces too.
struct LineDecoder: AccountDecoder {
    private var line: [UInt8] = []
    private var number = 1

    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        var rest = piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            try finishLine(&accounts)
        }
        line += rest
        // Something without line ends is not held until memory is full.
        if line.count > Account.allowedLength.upperBound + 1 { throw .tooLong("line \(number)") }
    }

    mutating func end(_ accounts: inout [Account]) throws(DecodingError) { try finishLine(&accounts) }

    private mutating func finishLine(_ accounts: inout [Account]) throws(DecodingError) {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if !line.isEmpty { accounts.append(try Account(found: line, at: "line \(number)")) }
        line.removeAll(keepingCapacity: true)
        number += 1
    }
}
