import IMAttrClient
import Testing

@testable import imattr

struct DecoderTests {
    /// The accounts of a text that comes in two pieces, cut at `cut`.
    private func accounts(
        _ text: [UInt8], cut: Int, _ decoder: any AccountDecoder
    ) throws(DecodingError) -> [Account] {
        var (decoder, accounts) = (decoder, [Account]())
        try decoder.take(text[..<cut], &accounts)
        try decoder.take(text[cut...], &accounts)
        try decoder.end(&accounts)
        return accounts
    }

    private func expect(
        _ text: String, _ format: InputFormat, column: String = "To_Account", field: String = "To_Account",
        gives wanted: [Account], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let text = Array(text.utf8)
        for cut in 0...text.count {
            let decoder = format.decoder(column: column, field: field)
            #expect(try accounts(text, cut: cut, decoder) == wanted, sourceLocation: sourceLocation)
        }
    }

    private func expect(
        _ text: [UInt8], _ format: InputFormat, column: String = "To_Account", fails place: String, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for cut in 0...text.count {
            let decoder = format.decoder(column: column, field: "To_Account")
            let error = #expect(throws: DecodingError.self, sourceLocation: sourceLocation) {
                try accounts(text, cut: cut, decoder)
            }
            #expect(error?.place == place, sourceLocation: sourceLocation)
            #expect(error?.what.contains(what) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
        }
    }

    private func expect(_ text: String, _ format: InputFormat, fails place: String, _ what: String) {
        expect(Array(text.utf8), format, fails: place, what)
    }

    @Test func everyLineIsAnAccount() throws {
        try expect(
            "abc\r\n\n Zhang Xiaohong \n\r\n深\nlast", .lines, gives: ["abc", " Zhang Xiaohong ", "深", "last"])
        try expect("", .lines, gives: [])
        let longest = String(repeating: "a", count: 255)
        try expect(longest + "\r\n" + longest, .lines, gives: [Account(longest), Account(longest)])
        expect("x\n" + longest + "a\n", .lines, fails: "line 2", "at most 255")
        expect("x\n" + longest + "aa", .lines, fails: "line 2", "at most 255")
        expect([0x61, 0x0A, 0xC3, 0x0A], .lines, fails: "line 2", "UTF-8")
    }

    /// A text that is not what it is taken for is not read as accounts that do not exist.
    @Test func aControlCharacterIsAnError() throws {
        expect("a\nb\tc\n", .lines, fails: "line 2", "U+0009: -0 is for")
        expect("a\0b\0", .lines, fails: "line 1", "U+0000")
        expect("a\u{85}b", .lines, fails: "line 1", "U+0085")
        expect("To_Account\na\u{1B}\n", .csv, fails: "record 2", "U+001B")
        try expect("[\"a\\u0000\"]", .json, gives: ["a\0"])
    }

    private func delimited(_ text: String, by delimiter: UInt8) throws -> [Account] {
        try accounts(Array(text.utf8), cut: 0, InputFormat.lines.decoder(column: "", field: "", delimiter: delimiter))
    }

    @Test func anyCharacterMayStandBetweenAccounts() throws {
        #expect(try delimited("a\nb\t\r\0\0c", by: 0) == ["a\nb\t\r", "c"])
        #expect(try delimited("a;b c;\n", by: 0x3B) == ["a", "b c"])
        #expect(try delimited("a;b\n", by: 0x3B) == ["a", "b"])
        #expect(throws: DecodingError.self) { try delimited("a;b\nc;d", by: 0x3B) }
        let table = InputFormat.csv.decoder(column: "user", field: "", delimiter: 0x3B)
        #expect(try accounts(Array("id;user\n1;a,b\n".utf8), cut: 0, table) == ["a,b"])
        let given: [(String, UInt8?)] = [
            (";", 0x3B), ("\\t", 9), ("\\0", 0), ("\t", 9), ("", nil), ("ab", nil), ("é", nil), ("\"", nil),
        ]
        for (text, byte) in given { #expect(Delimiter(argument: text)?.byte == byte, "\(text)") }
    }

    @Test func aLineWithoutEndIsNotHeld() {
        var decoder = LineDecoder()
        var accounts: [Account] = []
        #expect(throws: DecodingError.tooLong("line 1")) {
            try decoder.take([UInt8](repeating: 0x61, count: 1000)[...], &accounts)
        }
    }

    @Test func aColumnIsFoundByItsName() throws {
        let text = "id,\"the \"\"user\"\"\",x\r\n1,abc,\"a\nb\"\n\n2,\"d,e\"\"f\"\"\",\r\n3,深"
        try expect(text, .csv, column: "the \"user\"", gives: ["abc", "d,e\"f\"", "深"])
        expect("To_Account\n\"abc\ndef\"\n", .csv, fails: "record 2", "U+000A: a quotation mark")
        try expect("\n\na\tTo_Account\n1\tx\n", .tsv, gives: ["x"])
    }

    @Test func aColumnIsFoundByItsPlace() throws {
        try expect("a,b\nc,\"\"\"d\"\n\r\n", .csv, column: "2", gives: ["b", "\"d"])
        try expect("a\n\"b\"", .csv, column: "1", gives: ["a", "b"])
    }

    @Test func aTableThatCannotBeReadIsTold() {
        expect("id,name\n1,2\n", .csv, fails: "record 1", "there are: 'id', 'name'")
        expect("To_Account,To_Account\n", .csv, fails: "record 1", "several columns")
        expect("", .csv, fails: "record 1", "no heading")
        expect("To_Account\na\"b\n", .csv, fails: "record 2", "quotation mark")
        expect("To_Account\n\"ab\"c\n", .csv, fails: "record 2", "quotation mark")
        expect("To_Account\n\"ab", .csv, fails: "record 2", "not closed")
        expect("a,To_Account\nx\n", .csv, fails: "record 2", "it has 1 columns")
        expect("a,To_Account\nx,\n", .csv, fails: "record 2", "at least 1 byte")
        expect("To_Account\n\"\"\n", .csv, fails: "record 2", "at least 1 byte")
        expect("To_Account,b\n,x\n", .csv, fails: "record 2", "at least 1 byte")
        expect("To_Account\n" + String(repeating: "é", count: 128), .csv, fails: "record 2", "at most 255")
        expect(Array("To_Account\n".utf8) + [0xFF], .csv, fails: "record 2", "UTF-8")
    }

    @Test func jsonLinesAreStringsOrObjects() throws {
        let text =
            "\"a\\n\\u6df1\"\n\n {\"x\":[1,\"To_Account\"],\"To_Account\":\"b\"} \r\n{\"To_Acc\\u006funt\":\"c\"}"
        try expect(text, .ndjson, gives: ["a\n深", "b", "c"])
        try expect("{\"To_Account\":\"a\",\"user\":\"b\"}", .ndjson, field: "user", gives: ["b"])
        expect("\"a\"\n1\n", .ndjson, fails: "line 2", "neither a string nor an object")
        expect("{\"a\":\"b\"}", .ndjson, fails: "line 1", "no field 'To_Account'")
        expect("{\"To_Account\":1}", .ndjson, fails: "line 1", "no field 'To_Account'")
        expect("\"a\" \"b\"", .ndjson, fails: "line 1", "not JSON")
        expect("\"\\ud800\"", .ndjson, fails: "line 1", "surrogate")
        expect("\"\"", .ndjson, fails: "line 1", "at least 1 byte")
    }

    @Test func aJSONArrayIsTakenApart() throws {
        let text = " [\"a\", \"b,]\\\"\" ,{\"y\":{\"z\":[\"]\"]},\"To_Account\":\"c\"}\n]\n"
        try expect(text, .json, gives: ["a", "b,]\"", "c"])
        try expect("[]", .json, gives: [])
        try expect("[ \n]", .json, gives: [])
        expect("{\"a\":1}", .json, fails: "the JSON", "not an array")
        expect("[\"a\"] x", .json, fails: "the JSON", "after its end")
        expect("[\"a\",", .json, fails: "the JSON", "ends before")
        expect("", .json, fails: "the JSON", "ends before")
        expect("[\"a\",]", .json, fails: "element 2", "not JSON")
        expect("[\"a\",,\"b\"]", .json, fails: "element 2", "not JSON")
        expect("[\"a\" \"b\"]", .json, fails: "element 1", "not JSON")
        expect("[\"a\",[\"b\"]]", .json, fails: "element 2", "neither")
    }

    @Test func aFileSaysWhatItIs() {
        let formats: [(String, InputFormat)] = [
            ("a.csv", .csv), ("/x.y/a.TSV", .tsv), ("a.tab", .tsv), ("a.json", .json), ("a.ndjson", .ndjson),
            ("a.b.jsonl", .ndjson), ("csv", .lines), ("/x.csv/a", .lines), ("a.txt", .lines), ("-", .lines),
        ]
        for (name, format) in formats { #expect(InputFormat(fileName: name) == format, "\(name)") }
    }
}
