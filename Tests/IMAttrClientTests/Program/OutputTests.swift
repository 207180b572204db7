import IMAttrClient
import Testing

@testable import imattr

struct OutputTests {
    private func answers(_ users: [(String, String)], missing: [String] = []) -> [AccountAnswer] {
        users.map { AccountAnswer(account: Account($0.0), attrs: Attrs(json: Array($0.1.utf8))) }
            + missing.map { AccountAnswer(account: Account($0), attrs: nil) }
    }

    @Test func theTableAlignsColumnsOfAnyScript() throws {
        var table = AttributeTable()
        let lines = try table.append(
            answers([("abc", "{}"), ("张小红", "{\"sex\":\"F\",\"n\":1.50}"), ("x", "{\"n\":{\"a\":[]},\"sex\":\"\"}")]))
        #expect(lines == ["ACCOUNT  sex  n", "abc      -    -", "张小红   F    1.50", "x             {\"a\":[]}"])
        #expect(try table.append(answers([("y", "{\"sex\":\"M\"}")])) == ["y        M    -"])
        #expect(try table.append(answers([], missing: ["z"])) == [])
        #expect(
            try table.append(answers([("z", "{\"city\":\"深圳\"}")]))
                == ["", "ACCOUNT  sex  n         city", "z        -    -         深圳"])
    }

    private func wide() -> [AccountAnswer] {
        answers([("张小红", "{\"city\":\"广东省深圳市南山区\",\"note\":\"😀😀😀😀😀😀😀😀\"}"), ("b", "{\"city\":\"x\",\"n\":1}")])
    }

    @Test(arguments: [200, 60, 40, 30, 20, 10, 3])
    func noLineIsWiderThanTheTerminal(width: Int) throws {
        var table = AttributeTable(width: width)
        let lines = try table.append(wide())
        #expect(lines.allSatisfy { TerminalText.width($0) <= width }, "\(lines)")
        #expect(lines.count == 3)
        #expect(table.hasCut == (width < 50))
        #expect(try AttributeTable(width: width).shows(wide(), refusals: [:]) == (width >= 50))
    }

    @Test func theWidestColumnsGiveWay() throws {
        var table = AttributeTable(width: 40)
        #expect(
            try table.append(wide()) == [
                "ACCOUNT  city           note           n", "张小红   广东省深圳市…  😀😀😀😀😀😀…  -",
                "b        x              -              1",
            ])
    }

    @Test func onlyTheColumnsThatWereAskedForAreShown() throws {
        var table = AttributeTable(columns: ["n", "no"])
        #expect(try table.append(wide()) == ["ACCOUNT  n  no", "张小红   -  -", "b        1  -"])
        var list = AttributeList(columns: ["n", "no"])
        #expect(try list.append(answers([("b", "{\"n\":1,\"x\":2}")])) == ["ACCOUNT  b", "n        1", "no       -"])
    }

    @Test func aListHasEachValueOnALine() throws {
        var list = AttributeList()
        let bad = Refusal(account: "bad", code: 90001, message: "no")
        let refused = [AccountAnswer(account: "bad", attrs: nil), AccountAnswer(account: "missing", attrs: nil)]
        #expect(
            try list.append(wide() + refused, refusals: ["bad": bad]) == [
                "ACCOUNT  张小红", "city     广东省深圳市南山区", "note     😀😀😀😀😀😀😀😀", "", "ACCOUNT  b", "city     x",
                "n        1", "", "ACCOUNT  bad", "ERROR    90001 no",
            ])
        #expect(try list.append(answers([("c", "{\"\\u001b\":\"\\u001b\"}")]))[1] == "ACCOUNT  c")
        #expect(try list.append(answers([("c", "{\"\\u001b\":\"\\u001b\"}")]))[2] == "\\u001b   \\u001b")
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("深圳市", 6, "深圳市"), ("深圳市", 5, "深圳…"), ("深圳市", 4, "深…"),
        ("e\u{301}e\u{301}", 1, "…"), ("", 0, ""), ("a", 0, ""),
    ])
    func aTextIsCutBetweenCharacters(text: String, columns: Int, cut: String) {
        #expect(TerminalText.cut(text, to: columns) == cut)
    }

    @Test func nothingThatActsOnATerminalIsLeft() throws {
        #expect(
            TerminalText.escape("a\u{1B}[31m\u{9B}\u{202E}\u{2028}\t\n\u{7F}é深👩‍👧")
                == "a\\u001b[31m\\u009b\\u202e\\u2028\\u0009\\u000a\\u007fé深👩‍👧")
        #expect(TerminalText.escape("\u{61C}\u{200E}\u{2066}\u{2069}") == "\\u061c\\u200e\\u2066\\u2069")
        var table = AttributeTable()
        let hostile = "\\u001b\u{202E}"
        let lines = try table.append(answers([("\u{1B}", "{\"\(hostile)\":\"\(hostile)\",\"o\":[\"\u{9B}\"]}")]))
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
        note.append(asked: 2, ["x"])
        #expect(note.text == "1 of 2 accounts missing: 'x'")
        note.append(asked: 12, (0..<12).map { Account("m\($0)") })
        #expect(note.text == "13 of 14 accounts missing: 'x', \((0..<9).map { "'m\($0)'" }.joined(separator: ", ")), …")
    }
}
