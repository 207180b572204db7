import Testing

@testable import IMAttrClient
@testable import imattr

struct OutputTests {
    private func result(_ users: [(String, String)], missing: [String] = [], errors: [String] = []) -> GetAttrsResult {
        var result = GetAttrsResult()
        result.userAttrs = users.map { .init(account: Account($0.0), attrs: Attrs(json: Array($0.1.utf8))) }
        result.missing = missing.map { Account($0) }
        result.errorList = errors.map { AccountError(json: Array($0.utf8)) }
        return result
    }

    private func document(_ results: [GetAttrsResult]) -> String {
        var document = AttributeDocument()
        let text = results.flatMap { document.append($0) } + document.end()
        return String(decoding: text, as: UTF8.self)
    }

    @Test func theDocumentIsWholeHoweverManyResultsItHas() {
        #expect(document([]) == "{\"UserAttrs\":[],\"missing\":[]}")
        #expect(document([result([], missing: ["a"])]) == "{\"UserAttrs\":[],\"missing\":[\"a\"]}")
        let results = [
            result([("a", "{\"n\":1.50}")], missing: ["x\"y"]), result([]),
            result([("b\n", "{}"), ("c", "{}")], missing: ["z"], errors: ["{\"ErrorCode\":70107}"]),
        ]
        let entries = """
            {"To_Account":"a","Attrs":{"n":1.50}},{"To_Account":"b\\n","Attrs":{}},{"To_Account":"c","Attrs":{}}
            """
        let tail = "\"missing\":[\"x\\\"y\",\"z\"],\"ErrorList\":[{\"ErrorCode\":70107}]"
        #expect(document(results) == "{\"UserAttrs\":[\(entries)],\(tail)}")
    }

    @Test func theTableAlignsColumnsOfAnyScript() throws {
        var table = AttributeTable()
        let lines = try table.append(
            result([("abc", "{}"), ("张小红", "{\"sex\":\"F\",\"n\":1.50}"), ("x", "{\"n\":{\"a\":[]},\"sex\":\"\"}")]))
        #expect(lines == ["ACCOUNT  sex  n", "abc      -    -", "张小红   F    1.50", "x             {\"a\":[]}"])
        #expect(try table.append(result([("y", "{\"sex\":\"M\"}")])) == ["y        M    -"])
        #expect(try table.append(result([], missing: ["z"])) == [])
        #expect(
            try table.append(result([("z", "{\"city\":\"深圳\"}")]))
                == ["", "ACCOUNT  sex  n         city", "z        -    -         深圳"])
    }

    @Test func nothingThatActsOnATerminalIsLeft() throws {
        #expect(
            TerminalText.escape("a\u{1B}[31m\u{9B}\u{202E}\u{2028}\t\n\u{7F}é深👩‍👧")
                == "a\\u001b[31m\\u009b\\u202e\\u2028\\u0009\\u000a\\u007fé深👩‍👧")
        #expect(TerminalText.escape("\u{61C}\u{200E}\u{2066}\u{2069}") == "\\u061c\\u200e\\u2066\\u2069")
        var table = AttributeTable()
        let hostile = "\\u001b\u{202E}"
        let lines = try table.append(result([("\u{1B}", "{\"\(hostile)\":\"\(hostile)\",\"o\":[\"\u{9B}\"]}")]))
        let scalars = lines.joined().unicodeScalars
        #expect(!scalars.contains { $0.properties.isBidiControl || $0.properties.generalCategory == .control })
    }

    @Test func aStatusIsFlattenedWhateverItHolds() throws {
        let json = "{\"state\":\"ready\",\"a\":{\"b\":[1,{\"c\":null}],\"e\":{}},\"l\":[],\"t\":\"x\\ny\"}"
        #expect(
            try FlatValues(Array(json.utf8)).lines == [
                "state     ready", "a.b[0]    1", "a.b[1].c  null", "a.e       {}", "l         []",
                "t         x\\u000ay",
            ])
    }

    @Test func missingAccountsAreNamedUpToTen() {
        var note = MissingNote()
        #expect(note.text == nil)
        note.append(result([("a", "{}")], missing: ["x"]))
        #expect(note.text == "1 of 2 accounts missing: 'x'")
        note.append(result([], missing: (0..<12).map { "m\($0)" }))
        #expect(note.text == "13 of 14 accounts missing: 'x', \((0..<9).map { "'m\($0)'" }.joined(separator: ", ")), …")
    }
}
