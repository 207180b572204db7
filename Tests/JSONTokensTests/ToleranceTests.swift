import JSONTokens
import Testing

@Suite("Strings of a tolerant reader")
struct ToleranceTests {
    private static func reader(_ text: [UInt8]) -> JSONReader { JSONReader(text, toleratesFaultyStrings: true) }

    /// What a tolerant reader takes without a fault is what a strict one takes, and nothing of the structure is tolerated.
    @Test(arguments: GrammarCase.numbers + GrammarCase.structures + GrammarCase.strings + GrammarCase.utf8)
    func faultsAreThoseOfAStrictReader(_ grammar: GrammarCase) {
        var tolerant = Self.reader(grammar.text)
        let passed = (try? tolerant.skipValue()) != nil && (try? tolerant.finish()) != nil
        let fault = tolerant.takeStringFault()
        if grammar.isJSON {
            #expect(passed)
            // The grammar allows a lone surrogate.
            #expect(fault == nil || fault?.reason == .loneSurrogate)
        } else {
            #expect(!passed || fault != nil)
        }
    }

    private static let numbersAndStructures = GrammarCase.numbers + GrammarCase.structures

    @Test(arguments: numbersAndStructures.filter { !$0.isJSON && !$0.text.contains(UInt8(ascii: "\"")) })
    func structureIsNotTolerated(_ grammar: GrammarCase) {
        var tolerant = Self.reader(grammar.text)
        #expect((try? tolerant.skipValue()) == nil || (try? tolerant.finish()) == nil)
    }

    /// Contents of strings, and the fault of each at its offset in `["…",1]`.
    @Test(arguments: [
        ([0xFF], JSONSyntaxError(.malformedUTF8, at: 2)),
        ([0x61, 0xE4, 0xBD], JSONSyntaxError(.malformedUTF8, at: 3)),
        ([0xC3, 0xA9, 0xC3], JSONSyntaxError(.malformedUTF8, at: 4)),
        ([0x0A], JSONSyntaxError(.controlCharacterInString, at: 2)),
        (Array(#"\x"#.utf8), JSONSyntaxError(.malformedEscape, at: 2)),
        (Array(#"\u12"#.utf8), JSONSyntaxError(.malformedEscape, at: 2)),
        (Array(#"\u"#.utf8), JSONSyntaxError(.malformedEscape, at: 2)),
        (Array(#"é\ud800"#.utf8), JSONSyntaxError(.loneSurrogate, at: 4)),
        (Array(#"\udc00\ud800"#.utf8), JSONSyntaxError(.loneSurrogate, at: 2)),
        (Array(#"\ud800\ud800\udc00"#.utf8), JSONSyntaxError(.loneSurrogate, at: 2)),
        (Array(#"\ud800\n"#.utf8), JSONSyntaxError(.loneSurrogate, at: 2)),
        // Of several faults, the first is noted.
        (Array(#"\q"#.utf8) + [0xFF], JSONSyntaxError(.malformedEscape, at: 2)),
        (Array(#"\q\"]"#.utf8), JSONSyntaxError(.malformedEscape, at: 2)),
        ([0x5C, 0xE5], JSONSyntaxError(.malformedEscape, at: 2)),
    ])
    func readingGoesOnAfterAFaultyString(content: [UInt8], fault: JSONSyntaxError) throws {
        let text = Array("[\"".utf8) + content + Array("\",1]".utf8)
        var reader = Self.reader(text)
        try reader.beginArray()
        _ = try reader.nextElement()
        let token = try reader.string()
        #expect(token.isFaulty)
        #expect(token.content == 2..<2 + content.count)
        #expect(reader.decode(token) == nil)
        #expect(reader.decodeBytes(token) == nil)
        #expect(reader.identity(token) == content)
        #expect(!reader.matches(token, "x"))
        #expect(try reader.nextElement())
        #expect(try reader.integer() == 1)
        #expect(try !reader.nextElement())
        try reader.finish()
        #expect(reader.takeStringFault() == fault)
        #expect(reader.takeStringFault() == nil)

        // The same where it is only passed, and where it is a key.
        for text in [Array("[[".utf8) + text + Array("]]".utf8), Array("{\"".utf8) + content + Array("\":[]}".utf8)] {
            var other = Self.reader(text)
            #expect(try other.skipValue() == 0..<text.count)
            #expect(other.takeStringFault()?.reason == fault.reason)
        }
    }

    @Test func wholeSurrogatesAndScalarsAreNoFault() throws {
        var reader = Self.reader(Array(#"["\ud83d\ude00é€😀\u00e9\\ud800",{"\/":"\b"}]"#.utf8))
        try reader.skipValue()
        #expect(reader.takeStringFault() == nil)
    }

    /// Whatever the bytes are, a string that ends is passed, and one that does not is refused.
    @Test func endIsFoundInAnyBytes() {
        var random = SystemRandomNumberGenerator()
        let bytes: [UInt8] = [0x22, 0x5C, 0x75, 0x64, 0x38, 0x30, 0x0A, 0x61, 0xC3, 0xA9, 0xE4, 0xF0, 0xFF]
        for _ in 0..<20_000 {
            let content = (0..<Int.random(in: 0...24, using: &random)).map { _ in bytes.randomElement() ?? 0 }
            var end: Int?
            var index = 0
            while index < content.count, end == nil {
                if content[index] == 0x22 { end = index } else { index += content[index] == 0x5C ? 2 : 1 }
            }
            var reader = Self.reader([0x22] + content)
            let token = try? reader.string()
            #expect(token?.content == end.map { 1..<1 + $0 }, "\(content)")
        }
    }

    @Test func compactedValueOfAFaultyStringIsNotUsedButSafe() throws {
        var text: [UInt8] = Array(#"{"a": "\ud800", "b":"\x", "c":""#.utf8) + [0xE2, 0x80] + Array(#""}"#.utf8)
        var reader = Self.reader(text)
        _ = try reader.compactValue(in: &text)
        #expect(reader.takeStringFault()?.reason == .loneSurrogate)
    }
}
