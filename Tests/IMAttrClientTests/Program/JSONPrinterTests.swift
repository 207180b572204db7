import JSONTokens
import Testing

@testable import imattr

struct JSONPrinterTests {
    private func shown(_ json: String, isColoured: Bool = false, piece: Int = 1000) -> String {
        var printer = JSONPrinter(style: Style(isColoured: isColoured))
        var bytes: [UInt8] = []
        var rest = Array(json.utf8)[...]
        while !rest.isEmpty {
            bytes += printer.print(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
        return String(decoding: bytes + printer.end(), as: UTF8.self)
    }

    @Test(arguments: [
        ("{}", "{}"), ("[]", "[]"), ("1.50", "1.50"), ("[1]", "[\n  1\n]"),
        (#"{"a":[],"b":{}}"#, "{\n  \"a\": [],\n  \"b\": {}\n}"),
        (
            #"{"a":"{[,:\"\\","深":[null,true]}"#,
            "{\n  \"a\": \"{[,:\\\"\\\\\",\n  \"深\": [\n    null,\n    true\n  ]\n}"
        ),
        (#"[ {"n" : -1e5} , [ [ ] ] ]"#, "[\n  {\n    \"n\": -1e5\n  },\n  [\n    []\n  ]\n]"),
    ])
    func textIsSpreadHoweverItComes(json: String, text: String) throws {
        for piece in [1, 2, 3, 1000] { #expect(shown(json, piece: piece) == text) }
        var reader = JSONReader(Array(text.utf8))
        var original = JSONReader(Array(json.utf8))
        #expect(try reader.compactValue() == original.compactValue(), "it is the same value")
    }

    @Test func keysAndTextsHaveColours() {
        #expect(
            shown(#"{"a":"b","c":[null,1]}"#, isColoured: true)
                == "{\n  \u{1B}[34m\"a\"\u{1B}[0m: \u{1B}[32m\"b\"\u{1B}[0m,\n  \u{1B}[34m\"c\"\u{1B}[0m: [\n"
                + "    \u{1B}[90mnull\u{1B}[0m,\n    1\u{1B}[0m\n  ]\n}")
    }
}
