import JSONTokens
import Testing

@Suite("Walking a text")
struct JSONReaderTests {
    private func reader(_ text: String) -> JSONReader { JSONReader(Array(text.utf8)) }

    @Test func walksAnObject() throws {
        var reader = reader(#" { "a" : 1 , "b" : [ true , "x" ] , "c" : null } "#)
        var keys: [String?] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            keys.append(reader.decode(key))
            if reader.matches(key, "b") {
                try reader.beginArray()
                #expect(try reader.nextElement())
                #expect(try reader.peek() == .boolean)
                try reader.skipValue()
                #expect(try reader.nextElement())
                #expect(reader.decode(try reader.string()) == "x")
                #expect(try !reader.nextElement())
            } else {
                try reader.skipValue()
            }
        }
        try reader.finish()
        #expect(keys == ["a", "b", "c"])
    }

    @Test func givesRangesOfTheWholeText() throws {
        let text = Array(#"[ {"k" : 1.50} , "s" ]"#.utf8)
        var reader = JSONReader(text)
        try reader.beginArray()
        #expect(try reader.nextElement())
        let object = try reader.skipValue()
        #expect(String(decoding: text[object], as: UTF8.self) == #"{"k" : 1.50}"#)
        #expect(try reader.nextElement())
        let string = try reader.string()
        #expect(String(decoding: text[string.quoted], as: UTF8.self) == #""s""#)
        #expect(String(decoding: text[string.content], as: UTF8.self) == "s")
    }

    @Test(arguments: [
        ("{}", JSONReader.Kind.object), ("[", .array), ("\"", .string), ("-", .number), ("9", .number), ("t", .boolean),
        ("f", .boolean), ("\n null", .null),
    ])
    func peeks(_ text: String, _ kind: JSONReader.Kind) throws {
        var reader = reader(text)
        #expect(try reader.peek() == kind)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("600000", 600_000), ("9223372036854775807", Int64.max),
            ("-9223372036854775808", Int64.min), ("9223372036854775808", nil), ("-9223372036854775809", nil),
            ("99999999999999999999999999", nil), ("1.0", nil), ("1e3", nil), ("-0.0", nil),
        ] as [(String, Int64?)])
    func integers(_ text: String, _ value: Int64?) throws {
        var reader = reader(text)
        #expect(try reader.integer() == value)
        try reader.finish()
    }

    /// One value in all the forms that JSON has for it.
    @Test(
        arguments: [
            ("1000", 1000), ("1000.0", 1000), ("1e3", 1000), ("1E+3", 1000), ("1.000e0003", 1000), ("0.001e6", 1000),
            ("1000000e-3", 1000), ("-10.00e-1", -1), ("0.0", 0), ("-0e99999999999999999999", 0), ("0e-5", 0),
            ("9223372036854775807.000", .max), ("-9.223372036854775808e18", .min), ("9.223372036854775808e18", nil),
            ("1e19", nil), ("1e99999999999999999999", nil), ("1e-99999999999999999999", nil), ("0.5", nil),
            ("1.0000000000000000000000001", nil), ("15e-1", nil), ("123456789012345678901234567890e-20", nil),
            ("12345678900000000000000000000e-20", 123_456_789),
        ] as [(String, Int64?)])
    func integralNumbers(_ text: String, _ value: Int64?) throws {
        var reader = reader(text)
        #expect(try reader.integralNumber() == value)
        try reader.finish()
    }

    @Test func aReaderCanBeGivenLessDepth() throws {
        var shallow = JSONReader(Array("[[1]]".utf8), depthLimit: 1)
        #expect(throws: JSONSyntaxError(.nestedTooDeep(limit: 1), at: 1)) { try shallow.skipValue() }
        var deep = JSONReader(Array(String(repeating: "[", count: 65).utf8), depthLimit: 1000)
        #expect(throws: JSONSyntaxError(.nestedTooDeep(limit: 64), at: 64)) { try deep.skipValue() }
    }

    @Test(arguments: [
        ("[1,", JSONSyntaxError(.unexpectedEnd, at: 3)), ("[1;", JSONSyntaxError(.unexpectedByte(0x3B), at: 2)),
        ("[01]", JSONSyntaxError(.malformedNumber, at: 1)), (#"["a\q"]"#, JSONSyntaxError(.malformedEscape, at: 3)),
        ("[\"a\n\"]", JSONSyntaxError(.controlCharacterInString, at: 3)),
        ("\"abc", JSONSyntaxError(.unexpectedEnd, at: 4)),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ error: JSONSyntaxError) {
        var reader = reader(text)
        #expect(throws: error) { try reader.skipValue() }
        #expect(error.description.contains("\(error.offset)"))
        #expect(!error.description.contains("\n"))
    }

    @Test func malformedUTF8HasItsPlace() {
        var reader = JSONReader([0x22, 0x61, 0xC0, 0xAF, 0x22])
        #expect(throws: JSONSyntaxError(.malformedUTF8, at: 2)) { try reader.string() }
    }
}
