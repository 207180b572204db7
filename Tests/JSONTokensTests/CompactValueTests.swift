import JSONTokens
import Testing

@Suite("Values copied without their white space")
struct CompactValueTests {
    private func compact(_ text: String) throws -> String {
        var reader = JSONReader(Array(text.utf8))
        let value = try reader.compactValue()
        try reader.finish()
        return String(decoding: value, as: UTF8.self)
    }

    @Test(arguments: [
        ("{\n\t\"sex\" : \"Female\" ,\r\n    \"city\" : \"New York\"\n}", #"{"sex":"Female","city":"New York"}"#),
        (
            " [ 1 , 1.0 , 1.00 , -0 , 1E+05 , 123456789012345678901234567890 , 1e9999 ] ",
            "[1,1.0,1.00,-0,1E+05,123456789012345678901234567890,1e9999]"
        ),
        (#"{ "b" : 1 , "a" : 2 , "b" : 3 , "b" : 1 }"#, #"{"b":1,"a":2,"b":3,"b":1}"#),
        (#"[ "\u00e9 \/ \" \\" , " \t [ 1 , 2 ] " , "\\" , " " ]"#, #"["\u00e9 \/ \" \\"," \t [ 1 , 2 ] ","\\"," "]"#),
        (#"[ "\ud800" , "\uD83D\ude00" ]"#, #"["\ud800","\uD83D\ude00"]"#), ("[ \"é€😀\u{7F}\" ]", "[\"é€😀\u{7F}\"]"),
        ("{ }", "{}"), ("[ [ ] , { } ]", "[[],{}]"), (" true ", "true"),
    ])
    func keepsTokens(_ text: String, _ expected: String) throws {
        #expect(Array(try compact(text).utf8) == Array(expected.utf8))
        #expect(Array(try compact(expected).utf8) == Array(expected.utf8), "once is enough")
    }

    @Test func lineSeparatorsAreEscapedInKeysAndValues() throws {
        let text =
            "{ \"\u{85}\" : \"a\u{2028}b\u{2029}\u{2029}\" , \"k\" : \"\u{2027}\u{202A}\u{84}\u{86}\\\\\u{85}\" }"
        let expected = "{\"\\u0085\":\"a\\u2028b\\u2029\\u2029\",\"k\":\"\u{2027}\u{202A}\u{84}\u{86}\\\\\\u0085\"}"
        #expect(Array(try compact(text).utf8) == Array(expected.utf8))
    }

    /// Text is looked at eight bytes at a time: where a byte stands must not matter.
    @Test(arguments: 0..<20) func whereWhiteSpaceAndLineSeparatorsStandDoesNotMatter(_ length: Int) throws {
        let digits = String(repeating: "1", count: length)
        let rest = String(repeating: "2", count: 19 - length)
        #expect(try compact(#"{"a1\#(digits)":"\#(rest)"}"#) == #"{"a1\#(digits)":"\#(rest)"}"#)
        #expect(try compact("[1\(digits) ,2\(rest)]") == "[1\(digits),2\(rest)]")
        #expect(try compact("[1\(digits),\t2\(rest)]") == "[1\(digits),2\(rest)]")
        #expect(try compact("[\"\(digits)\u{85}\(rest)\"]") == "[\"\(digits)\\u0085\(rest)\"]")
        #expect(try compact("[\"\(digits)\u{2028}\(rest)\"]") == "[\"\(digits)\\u2028\(rest)\"]")
        #expect(try compact("[\"\(digits) \(rest)\"]") == "[\"\(digits) \(rest)\"]")
    }

    @Test func readsOnAfterTheValue() throws {
        var reader = JSONReader(Array(#"{"Attrs" : { "a" : 1 } , "To_Account" : "x"}"#.utf8))
        try reader.beginObject()
        _ = try reader.nextKey()
        #expect(try reader.compactValue() == Array(#"{"a":1}"#.utf8))
        let key = try #require(try reader.nextKey())
        #expect(reader.matches(key, "To_Account"))
    }

    @Test func whatStandsOnOneLineAlreadyIsNotCopied() throws {
        let text = Array(#"{"a":{"b":"c"},"d":{ "e" : "f g" },"h":["\#u{2028}"],"i":1}"#.utf8)
        var reader = JSONReader(text)
        var all = text
        var values: [String] = []
        try reader.beginObject()
        while try reader.nextKey() != nil {
            let range = try reader.compactValue(in: &all)
            values.append(String(decoding: all[range], as: UTF8.self))
        }
        try reader.finish()
        #expect(values == [#"{"b":"c"}"#, #"{"e":"f g"}"#, #"["\u2028"]"#, "1"])
        #expect(all == text + Array((values[1] + values[2]).utf8))
    }

    @Test func spacesAreFoundWhereverTheyStand() throws {
        for length in 0...17 {
            let plain = Array("{\"\(String(repeating: "a", count: length))\":1}".utf8)
            for place in [1, plain.count - 1] {
                var text = plain
                text.insert(0x20, at: place)
                var reader = JSONReader(text)
                let range = try reader.compactValue(in: &text)
                #expect(Array(text[range]) == plain)
            }
        }
    }

    @Test func whatIsNoJSONIsRefused() {
        #expect(throws: JSONSyntaxError(.unexpectedByte(0x5D), at: 3)) { try compact("[1,]") }
    }

    /// Every text of the grammar's table: the copy is JSON, and copying it again changes nothing.
    @Test(arguments: GrammarCase.numbers + GrammarCase.structures + GrammarCase.strings + GrammarCase.utf8)
    func copiesAreJSON(_ grammar: GrammarCase) throws {
        guard grammar.isJSON else { return }
        var reader = JSONReader(grammar.text)
        let copy = try reader.compactValue()
        #expect(isJSON(copy))
        var again = JSONReader(copy)
        #expect(try again.compactValue() == copy)
    }
}
