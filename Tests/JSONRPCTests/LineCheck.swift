import JSONRPC
import JSONTokens

/// What holds for every line, whatever its bytes are. The seeded mutator asks it here, and libFuzzer in Tests/Fuzz.
struct LineCheck {
    /// The promises that a line made the code break; empty if all is well.
    static func faults(of line: [UInt8]) -> [String] {
        var check = LineCheck(line: line)
        check.checkMessage()
        return check.faults
    }

    /// Errors quote what the caller wrote, cut: no line may make an answer longer than this.
    static let maximumErrorLength = 6 * (ErrorObject.maximumDetailLength + 2 * ErrorObject.maximumPathLength) + 2048

    private let line: [UInt8]
    private var faults: [String] = []

    private mutating func expect(_ promise: Bool, _ fault: @autoclosure () -> String) {
        if !promise { faults.append(fault()) }
    }

    // MARK: The line

    private mutating func checkMessage() {
        var isParseError = false
        switch Message(line: line) {
        case .single(let item): check(item)
        case .batch(let items):
            expect(1...Message.maximumBatchLength ~= items.count, "a batch of \(items.count)")
            for item in items { check(item) }
        case .refused(let error):
            isParseError = error.code == -32700
            expect(isParseError || error.code == -32600, "refused with \(error.code)")
            checkAnswer(id: .null, error)
        }
        expect(Self.isJSON(line) == !isParseError, "envelope and reader disagree about the line being JSON")
    }

    private mutating func check(_ item: BatchItem) {
        switch item {
        case .invalid(let error, let id):
            expect(error.code == -32600, "invalid with \(error.code)")
            check(id)
            checkAnswer(id: id, error)
        case .request(let request):
            if let id = request.id {
                check(id)
                expect(line.contains(Array(id.token)), "an id that is not in the line")
            }
            check(request.params, of: request.id ?? .null)
        }
    }

    private mutating func check(_ id: RequestID) {
        var reader = JSONReader(Array(id.token))
        let kind = try? reader.peek()
        expect(kind == .string || kind == .number || kind == .null, "an id of another type")
        expect(id.token.count <= RequestID.maximumLength, "an id of \(id.token.count) bytes")
        expect((try? reader.skipValue()) == 0..<id.token.count, "an id that is more than a token")
    }

    // MARK: Answers

    private mutating func checkAnswer(id: RequestID, _ error: ErrorObject) {
        let json = Response(id: id, .error(error)).json
        let start = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8) + Array(id.token) + Array(",\"error\":{".utf8)
        expect(json.starts(with: start), "an answer without its id")
        expect(Self.isJSON(json), "an answer that is no JSON")
        expect(Self.isOneLine(json.dropFirst(start.count)), "an answer of more than one line")
        expect(json.count <= Self.maximumErrorLength, "an error of \(json.count) bytes")
    }

    // MARK: Params

    private mutating func check(_ params: Params, of id: RequestID) {
        var copies: [(original: ArraySlice<UInt8>, copy: [UInt8])] = []
        do {
            try params.read(["To_Account", "timeoutMs", "maxAgeMs", "id"]) { _, reader in
                var before = reader
                let copy = try reader.compactValue()
                let range = try before.skipValue()
                copies.append((reader.bytes[range], copy))
            }
        } catch {
            expect(error.code == -32602, "params refused with \(error.code)")
            checkAnswer(id: id, error)
        }
        for (original, copy) in copies {
            expect(Self.isJSON(copy) && Self.isOneLine(copy[...]), "a compact value that is not JSON on one line")
            expect(Self.isFaithful(copy, to: original), "a compact value with other tokens")
        }
    }

    // MARK: Judgements

    static func isJSON(_ text: [UInt8]) -> Bool {
        var reader = JSONReader(text)
        do {
            try reader.skipValue()
            try reader.finish()
            return true
        } catch {
            return false
        }
    }

    /// Whether no language ends a line in it.
    static func isOneLine(_ text: ArraySlice<UInt8>) -> Bool {
        !text.contains { $0 < 0x20 } && !text.contains([0xC2, 0x85]) && !text.contains([0xE2, 0x80, 0xA8])
            && !text.contains([0xE2, 0x80, 0xA9])
    }

    /// Whether a copy differs only in white space outside strings and in how line separators are written.
    static func isFaithful(_ copy: [UInt8], to original: ArraySlice<UInt8>) -> Bool {
        var rest = copy[...]
        var inString = false
        var escaped = false
        for byte in original {
            if !inString, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { continue }
            if byte == UInt8(ascii: "\""), !escaped { inString.toggle() }
            escaped = byte == UInt8(ascii: "\\") && !escaped
            // A separator's escape is met at its first byte, and its other bytes are passed with it.
            if let separator = separatorBytes(rest, byte) { rest = separator + rest.dropFirst(6) }
            guard rest.popFirst() == byte else { return false }
        }
        return rest.isEmpty
    }

    /// The raw form of the escape at the start of `text` if the original has the raw form there.
    private static func separatorBytes(_ text: ArraySlice<UInt8>, _ byte: UInt8) -> ArraySlice<UInt8>? {
        guard byte >= 0x80, text.first == UInt8(ascii: "\\") else { return nil }
        switch String(decoding: text.prefix(6), as: UTF8.self) {
        case "\\u0085": return [0xC2, 0x85]
        case "\\u2028": return [0xE2, 0x80, 0xA8]
        case "\\u2029": return [0xE2, 0x80, 0xA9]
        default: return nil
        }
    }
}

extension Collection<UInt8> {
    /// Whether some bytes occur in it one after the other.
    func contains(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        var rest = self[...]
        while let found = rest.firstIndex(of: first) {
            rest = rest[found...]
            if rest.starts(with: bytes) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
