import IMAttrClient
import JSONTokens

/// A JSON value that says an account: a string, or an object with one in a field.
private struct AccountValue {
    /// Bytes that one value may have.
    static let maximumLength = 1 << 20

    let field: String

    /// Reads the one value of a text.
    func account(in text: [UInt8], at place: String) throws(DecodingError) -> Account {
        do {
            var reader = JSONReader(text)
            let token = try token(&reader, place)
            try reader.finish()
            guard let token else { throw DecodingError(place, "there is no field '\(field)' with a string") }
            guard let bytes = reader.decodeBytes(token) else {
                throw DecodingError(place, "an account must be Unicode text; half of a surrogate pair is none")
            }
            return try Account(found: bytes, at: place)
        } catch let error as DecodingError {
            throw error
        } catch {
            throw DecodingError(place, "not JSON: \(error)")
        }
    }

    private func token(_ reader: inout JSONReader, _ place: String) throws -> JSONStringToken? {
        switch try reader.peek() {
        case .string: return try reader.string()
        case .object: break
        case .array, .number, .boolean, .null:
            throw DecodingError(place, "neither a string nor an object with a field '\(field)'")
        }
        var found: JSONStringToken?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.peek() == .string, reader.identity(key).elementsEqual(field.utf8) {
                found = try reader.string()
            } else {
                try reader.skipValue()
            }
        }
        return found
    }
}

/// One JSON value a line: a string, or an object with the account in a field. Lines of white space are passed over.
struct JSONLineDecoder: AccountDecoder {
    private let value: AccountValue
    private var line: [UInt8] = []
    private var number = 1

    init(field: String) { value = AccountValue(field: field) }

    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        var rest = piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            try finishLine(&accounts)
        }
        line += rest
        if line.count > AccountValue.maximumLength { throw DecodingError("line \(number)", "more than 1 MiB") }
    }

    mutating func end(_ accounts: inout [Account]) throws(DecodingError) { try finishLine(&accounts) }

    private mutating func finishLine(_ accounts: inout [Account]) throws(DecodingError) {
        if !line.allSatisfy(\.isJSONWhiteSpace) {
            accounts.append(try value.account(in: line, at: "line \(number)"))
        }
        line.removeAll(keepingCapacity: true)
        number += 1
    }
}

/// One JSON array of strings, or of objects with the account in a field.
struct JSONArrayDecoder: AccountDecoder {
    private let value: AccountValue
    private var splitter = ValueSplitter()
    private var number = 1

    init(field: String) { value = AccountValue(field: field) }

    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        for byte in piece {
            let step: ValueSplitter.Step
            do throws(ValueSplitter.Unexpected) {
                step = try splitter.take(byte)
            } catch {
                let what = splitter.hasEnded ? "something after its end" : "not an array"
                throw DecodingError("the JSON", "\(what): byte 0x\(String(error.byte, radix: 16))")
            }
            switch step {
            case .inside: break
            case .endOfValue, .endOfArray: try finishValue(&accounts, isLast: step == .endOfArray)
            }
        }
        if splitter.value.count > AccountValue.maximumLength {
            throw DecodingError("element \(number)", "more than 1 MiB")
        }
    }

    mutating func end(_ accounts: inout [Account]) throws(DecodingError) {
        if !splitter.hasEnded { throw DecodingError("the JSON", "it ends before its array does") }
    }

    private mutating func finishValue(_ accounts: inout [Account], isLast: Bool) throws(DecodingError) {
        // `[]` has no element to finish.
        if isLast, number == 1, splitter.value.allSatisfy(\.isJSONWhiteSpace) { return }
        accounts.append(try value.account(in: splitter.value, at: "element \(number)"))
        splitter.removeValue()
        number += 1
    }
}
