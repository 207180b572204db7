import JSONTokens
import Testing

@Suite("The text of strings")
struct JSONStringTokenTests {
    /// The reader and the token of a text that is one string.
    private func token(_ text: String) throws -> (JSONReader, JSONStringToken) {
        var reader = JSONReader(Array(text.utf8))
        let token = try reader.string()
        try reader.finish()
        return (reader, token)
    }

    @Test(arguments: [
        (#""""#, ""), (#""plain é€😀""#, "plain é€😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0000\u007f\u0080\u07FF\u0800\uFFFF""#, "\u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}"),
        (#""\ud800\udc00\uDBFF\uDFFF\uD83D\uDE00""#, "\u{10000}\u{10FFFF}\u{1F600}"),
        (#""a\\u0041\u0041b""#, "a\\u0041Ab"),
    ])
    func decodes(_ text: String, _ decoded: String) throws {
        let (reader, token) = try token(text)
        #expect(reader.decode(token).map { Array($0.utf8) } == Array(decoded.utf8))
        #expect(reader.decodeBytes(token) == Array(decoded.utf8))
        #expect(reader.identity(token) == Array(decoded.utf8))
    }

    @Test(arguments: [
        #""\ud800""#, #""\udfff""#, #""a\ud800b""#, #""\ud800\ud800\udc00""#, #""\udc00\ud800""#, #""\ud800\n""#,
        #""\ud83d\\ude00""#,
    ])
    func loneSurrogatesHaveNoText(_ text: String) throws {
        let (reader, token) = try token(text)
        #expect(reader.decode(token) == nil)
        #expect(reader.decodeBytes(token) == nil)
    }

    /// Composed and decomposed é are one `String` and two names.
    @Test func bytesAreNotNormalised() throws {
        let (composed, first) = try token("\"\u{E9}\"")
        let (decomposed, second) = try token("\"e\\u0301\"")
        #expect(composed.decode(first) == decomposed.decode(second))
        #expect(composed.decodeBytes(first) != decomposed.decodeBytes(second))
    }

    @Test func identityTellsLoneSurrogatesApart() throws {
        func identity(_ text: String) throws -> [UInt8] {
            let (reader, token) = try token(text)
            return reader.identity(token)
        }
        #expect(try identity(#""\ud800""#) == identity(#""\uD800""#))
        #expect(try identity(#""\ud800""#) != identity(#""\ud801""#))
        #expect(try identity(#""\ud800""#) != identity(#""\\ud800""#))
        #expect(try identity(#""\ud800""#) != identity(#""\ufffd""#))
        #expect(try identity(#""\u0061""#) == identity(#""a""#))
    }

    @Test(arguments: [
        (#""id""#, true), (#""\u0069\u0064""#, true), (#""i\u0064""#, true), (#""Id""#, false), (#""i""#, false),
        (#""idd""#, false), (#""""#, false),
        (#""\u0069\u0064\u0064""#, false), (#""\ud800d""#, false), (#""i\\u0064""#, false), (#""id\u0000""#, false),
    ])
    func matches(_ text: String, _ expected: Bool) throws {
        let (reader, token) = try token(text)
        #expect(reader.matches(token, "id") == expected)
    }

    /// At every place in a word of eight bytes, in a text that ends there, and in one that goes on.
    @Test(arguments: [(#"\n"#, true), ("é", true), ("\u{1}", false), ("\n", false)])
    func whatIsNotPlainIsFoundWhereverItStands(_ other: String, _ isAllowed: Bool) throws {
        for before in 0...17 {
            for after in 0...17 {
                let content = String(repeating: "a", count: before) + other + String(repeating: "b", count: after)
                let json = Array("\"\(content)\"".utf8)
                var reader = JSONReader(json + [0x20])
                guard isAllowed else {
                    #expect(throws: JSONSyntaxError(.controlCharacterInString, at: before + 1)) { try reader.string() }
                    continue
                }
                let token = try reader.string()
                #expect(token.content == 1..<json.count - 1)
                #expect(token.hasEscapes == (other.utf8.first == UInt8(ascii: "\\")))
            }
        }
    }

    @Test func aStringEndsWhereItsQuotationMarkIs() throws {
        for length in 0...17 {
            let open = Array("\"\(String(repeating: "a", count: length))".utf8)
            for behind in 0...17 {
                var reader = JSONReader(open + [UInt8(ascii: "\"")] + Array(repeating: 0x20, count: behind))
                #expect(try reader.string().content == 1..<length + 1)
            }
            var cut = JSONReader(open)
            #expect(throws: JSONSyntaxError(.unexpectedEnd, at: length + 1)) { try cut.string() }
        }
    }
}
