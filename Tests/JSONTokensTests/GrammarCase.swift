import Testing

/// A text and what RFC 8259 says of it, in the manner of the well-known suites: must be taken, must be refused, or left
/// to the implementation, where our choice is written down.
struct GrammarCase: Sendable, CustomTestStringConvertible {
    let text: [UInt8]
    let isJSON: Bool
    let reason: String

    var testDescription: String { reason }

    static func accept(_ reason: String, _ text: String) -> GrammarCase { accept(reason, bytes: Array(text.utf8)) }
    static func refuse(_ reason: String, _ text: String) -> GrammarCase { refuse(reason, bytes: Array(text.utf8)) }

    static func accept(_ reason: String, bytes: [UInt8]) -> GrammarCase {
        GrammarCase(text: bytes, isJSON: true, reason: reason)
    }

    static func refuse(_ reason: String, bytes: [UInt8]) -> GrammarCase {
        GrammarCase(text: bytes, isJSON: false, reason: reason)
    }

    /// The bytes as the whole content of a string in an array.
    static func quoted(_ content: [UInt8]) -> [UInt8] { Array("[\"".utf8) + content + Array("\"]".utf8) }
}

extension GrammarCase {
    static let numbers: [GrammarCase] = [
        .accept("zero", "0"), .accept("minus zero", "-0"), .accept("one digit", "[7]"), .accept("integer", "[123]"),
        .accept("negative", "[-123]"), .accept("negative one digit", "-1"), .accept("after a space", "[ 4]"),
        .accept("fraction", "[123.456789]"), .accept("zero fraction", "0.0"), .accept("minus zero fraction", "-0.0"),
        .accept("close to zero", "[-0.000000000000000000000000000000000000000000000000000000000000000001]"),
        .accept("exponent", "1e3"), .accept("capital exponent", "1E22"), .accept("plus exponent", "1e+2"),
        .accept("minus exponent", "1E-2"), .accept("zero to a power", "0e1"), .accept("zero to plus power", "0E+1"),
        .accept("fraction and exponent", "[123.456e78]"), .accept("exponent with leading zeros", "1e0007"),
        .accept("more digits than any machine word", "[100000000000000000000000000000000000000000000000000]"),
        .accept("an exponent beyond Double", "[1e9999]"),
        .accept("a negative exponent beyond Double", "[-123e-10000000]"),
        .accept("an exponent of many digits", "[0.4e00669999999999999999999999999999999999999999999999999999]"),
        .accept("as the last thing", "[1,2.5]"),

        .refuse("minus alone", "-"), .refuse("minus alone in array", "[-]"), .refuse("two minus", "[--1]"),
        .refuse("plus sign", "[+1]"), .refuse("plus alone", "+"), .refuse("leading zero", "[012]"),
        .refuse("negative leading zero", "[-012]"), .refuse("two zeros", "00"), .refuse("minus two zeros", "[-00]"),
        .refuse("no digit before point", "[.5]"), .refuse("minus point", "[-.5]"), .refuse("point alone", "."),
        .refuse("no digit after point", "[1.]"), .refuse("at the end, no digit after point", "1."),
        .refuse("minus, no digit after point", "[-2.]"), .refuse("point then exponent", "[0.e1]"),
        .refuse("two points", "[1.2.3]"), .refuse("exponent without digits", "[1e]"), .refuse("at the end", "1e"),
        .refuse("sign without digits", "[0E+]"), .refuse("sign without digits, end", "0e-"),
        .refuse("two signs", "[1e+-2]"),
        .refuse("two exponents", "[1eE2]"), .refuse("exponent with fraction", "[1e2.5]"),
        .refuse("no mantissa", "[e3]"),
        .refuse("space after minus", "[- 1]"), .refuse("space in it", "[1 000.0]"), .refuse("hexadecimal", "[0x42]"),
        .refuse("hexadecimal, one digit", "[0x1]"), .refuse("letter at the end", "[1a]"),
        .refuse("letter in exponent", "[1ea]"),
        .refuse("NaN", "[NaN]"), .refuse("minus NaN", "[-NaN]"), .refuse("Infinity", "[Infinity]"),
        .refuse("minus Infinity", "[-Infinity]"), .refuse("Inf", "[Inf]"), .refuse("nan", "[nan]"),
        .refuse("digit separator", "[1_000]"), .refuse("expression", "[1+2]"),
        .refuse("full-width digit", "[\u{FF11}]"),
        .refuse("octal by letter", "[0o17]"), .refuse("suffix", "[1L]"), .refuse("comma as point", "1,5"),
        .refuse("stray continuation after it", bytes: Array("[123".utf8) + [0xE5] + Array("]".utf8)),
    ]

    static let structures: [GrammarCase] = [
        .accept("empty array", "[]"), .accept("empty object", "{}"), .accept("spaces in array", "[ \t\r\n ]"),
        .accept("spaces around", " \n[] \r\t"), .accept("array in array", "[[]]"),
        .accept("several types", "[null,1,\"1\",{},[],true]"),
        .accept("lonely string", "\"a\""), .accept("lonely true", "true"), .accept("lonely false", "false"),
        .accept("lonely null", "null"), .accept("lonely number", "42"), .accept("new line at the end", "[\"a\"]\n"),
        .accept("object", "{\"a\":\"b\",\"c\":{\"d\":[1]}}"), .accept("empty key", "{\"\":0}"),
        .accept("duplicate key", "{\"a\":1,\"a\":2}"), .accept("duplicate key and value", "{\"a\":1,\"a\":1}"),
        .accept("key with escaped NUL", "{\"a\\u0000b\":1}"),
        .accept("white space between all", "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }"),
        .accept("arrays and objects in turns", "[{\"a\":[{\"b\":{}},[]],\"c\":[1]},[{}],{\"d\":[[]]},2]"),
        .accept("64 levels", String(repeating: "[", count: 64) + String(repeating: "]", count: 64)),
        .accept(
            "64 levels, often",
            "["
                + String(
                    repeating: String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + ",", count: 3)
                + "1]"),
        .accept(
            "64 levels of objects", String(repeating: "{\"\":", count: 63) + "{}" + String(repeating: "}", count: 63)),

        .refuse("nothing", ""), .refuse("white space only", " \t\r\n"), .refuse("open array", "["),
        .refuse("open object", "{"),
        .refuse("closed only", "]"), .refuse("closed object only", "}"), .refuse("array closed twice", "[1]]"),
        .refuse("object closed twice", "{}}"), .refuse("closed by the other", "[1}"),
        .refuse("object closed by the other", "{\"a\":1]"),
        .refuse("key behind an object in an array", "[{\"a\":1},\"b\":2]"),
        .refuse("no key behind an array in an object", "{\"a\":[1],2}"),
        .refuse("array in an object closed by the other", "{\"a\":{\"b\":[1}}"),
        .refuse("crossed", "[{]}"), .refuse("unclosed", "[1,2"), .refuse("unclosed after comma", "[1,"),
        .refuse("unclosed in it", "[{\"a\":[1"),
        .refuse("comma only", "[,]"), .refuse("comma first", "[,1]"), .refuse("comma last", "[1,]"),
        .refuse("two commas", "[1,,2]"),
        .refuse("commas last", "[1,,]"), .refuse("comma after text", "[],"), .refuse("lonely comma", ","),
        .refuse("no comma", "[1 2]"),
        .refuse("no comma, structures", "[[][]]"), .refuse("no comma, strings", "[\"a\"\"b\"]"),
        .refuse("colon in array", "[\"a\":1]"),
        .refuse("semicolon", "[1;2]"), .refuse("two values", "1 2"), .refuse("two objects", "{}{}"),
        .refuse("rubbish after it", "[1]x"),
        .refuse("rubbish after true", "truex"), .refuse("a quotation mark after it", "{\"a\":1}\""),
        .refuse("hash after it", "{\"a\":1}#"),
        .refuse("comma last in object", "{\"a\":1,}"), .refuse("comma first in object", "{,\"a\":1}"),
        .refuse("two commas in object", "{\"a\":1,,\"b\":2}"), .refuse("comma alone in object", "{,}"),
        .refuse("no colon", "{\"a\" 1}"),
        .refuse("two colons", "{\"a\"::1}"), .refuse("no value", "{\"a\":}"), .refuse("no value, end", "{\"a\":"),
        .refuse("no value, no colon", "{\"a\"}"),
        .refuse("no key", "{:1}"), .refuse("comma for colon", "{\"a\",1}"),
        .refuse("key without quotation marks", "{a:1}"),
        .refuse("number as key", "{1:1}"), .refuse("null as key", "{null:1}"), .refuse("array as key", "{[]:1}"),
        .refuse("single quotation marks", "{'a':1}"), .refuse("value between members", "{\"a\":1 2}"),
        .refuse("no comma in object", "{\"a\":1 \"b\":2}"),
        .refuse("true cut", "[tru]"), .refuse("true cut at the end", "tru"), .refuse("false cut", "fals"),
        .refuse("null cut", "[nul"),
        .refuse("letter alone", "[n]"), .refuse("capital True", "[True]"), .refuse("capitals", "[TRUE]"),
        .refuse("words together", "[truefalse]"),
        .refuse("undefined", "undefined"), .refuse("asterisk", "*"), .refuse("comment", "/**/{}"),
        .refuse("comment after", "{}//"),
        .refuse("comment in it", "[1/*x*/]"), .refuse("angle brackets", "<null>"), .refuse("backslash", "[\\n]"),
        .refuse("backslash quotation", "[\\\"a\\\"]"),
        .refuse("form feed is no white space", "[\u{0C}]"), .refuse("vertical tab is no white space", "[1,\u{0B}1]"),
        .refuse("no-break space is no white space", "[\u{A0}1]"), .refuse("U+2060 is no white space", "[\u{2060}]"),
        .refuse("U+2028 is no white space", "[\u{2028}1]"), .refuse("U+0085 is no white space", "[\u{85}1]"),
        .refuse("NUL after it", "1\u{0}"), .refuse("NUL for it", "\u{0}"), .refuse("byte order mark", "\u{FEFF}{}"),
        .refuse("byte order mark only", "\u{FEFF}"),
        .refuse("a part of the mark", bytes: [0xEF, 0xBB, 0x7B, 0x7D]), .refuse("lone byte", bytes: [0xE9]),
        .refuse("UTF-16, little end", bytes: [0x5B, 0, 0x5D, 0]),
        .refuse("UTF-16 with mark", bytes: [0xFF, 0xFE, 0x5B, 0, 0x5D, 0]),
        .refuse("65 levels", String(repeating: "[", count: 65) + String(repeating: "]", count: 65)),
        .refuse(
            "65 levels of objects", String(repeating: "{\"\":", count: 64) + "{}" + String(repeating: "}", count: 64)),
        .refuse("100,000 open arrays", String(repeating: "[", count: 100_000)),
        .refuse("50,000 open arrays and objects", String(repeating: "[{\"\":", count: 50_000)),
    ]
}
