import JSONTokens
import Testing

@Suite("RFC 8259, and what it leaves open")
struct GrammarTests {
    @Test(arguments: GrammarCase.numbers) func numbers(_ grammar: GrammarCase) { judge(grammar) }
    @Test(arguments: GrammarCase.structures) func structures(_ grammar: GrammarCase) { judge(grammar) }
    @Test(arguments: GrammarCase.strings) func strings(_ grammar: GrammarCase) { judge(grammar) }
    @Test(arguments: GrammarCase.utf8) func utf8(_ grammar: GrammarCase) { judge(grammar) }

    private func judge(_ grammar: GrammarCase) {
        #expect(isJSON(grammar.text) == grammar.isJSON)
        // White space around changes nothing, and neither does standing inside something else.
        #expect(isJSON(Array(" \r\n\t".utf8) + grammar.text + [0x20]) == grammar.isJSON)
    }

    /// What stands before the cursor does not count, nor does what stands behind a value.
    @Test(arguments: GrammarCase.numbers + GrammarCase.strings + GrammarCase.utf8 + GrammarCase.structures)
    func aTextIsReadFromWhereTheCursorIs(_ grammar: GrammarCase) {
        let text = Array("[[\"1".utf8) + grammar.text
        var reader = JSONReader(text, from: 4)
        let passed = (try? reader.skipValue()) != nil && (try? reader.finish()) != nil
        #expect(passed == grammar.isJSON)
        guard passed else { return }
        #expect(reader.position == text.count)
        var whole = JSONReader(text, from: 4)
        var enclosed = JSONReader(text + Array("]0".utf8), from: 4)
        #expect(throws: Never.self) { try #expect(enclosed.skipValue() == whole.skipValue()) }
    }

    /// Every beginning of a text that is an object, array or string is no JSON.
    @Test func truncated() {
        let text = Array(#"{"a":[1,-2.5e+3,true,null,"\u00e9\ud83d\ude00\n"],"b":{"c":"é€😀"},"d":false}"#.utf8)
        #expect(isJSON(text))
        for length in 0..<text.count { #expect(!isJSON(Array(text.prefix(length))), "cut at \(length)") }
    }
}

/// Whether the reader takes all of it for one value.
func isJSON(_ text: [UInt8]) -> Bool {
    var reader = JSONReader(text)
    do {
        try reader.skipValue()
        try reader.finish()
        return true
    } catch {
        return false
    }
}
