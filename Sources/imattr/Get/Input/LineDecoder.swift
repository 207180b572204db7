import IMAttrClient

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
