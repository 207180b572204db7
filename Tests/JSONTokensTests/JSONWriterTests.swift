import Foundation
import JSONTokens
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    private func write(_ content: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        content(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func integersAreWrittenInDigits() {
        let numbers: [Int] = [0, 1, 9, 10, 1024, -1, -10, .max, .min]
        for number in numbers { #expect(write { $0.integer(number) } == "\(number)") }
        #expect(write { $0.integer(UInt64.max) } == "18446744073709551615")
        #expect(write { $0.integer(Int32.min) } == "-2147483648")
    }

    @Test func containersAndCommas() {
        let text = write { json in
            json.object { json in
                json.key("a")
                json.array { _ in }
                json.key(text: "b")
                json.array { json in
                    json.integer(1)
                    json.integer(Int64.min)
                    json.integer(UInt64.max)
                    json.boolean(true)
                    json.boolean(false)
                    json.null()
                    json.object { _ in }
                    json.raw(Array("[1]".utf8))
                    json.raw(Array("2".utf8))
                    json.string("s")
                }
                json.key("c")
                json.object { json in
                    json.key("d")
                    json.number(1.5)
                }
            }
        }
        #expect(
            text
                == #"{"a":[],"b":[1,-9223372036854775808,18446744073709551615,true,false,null,{},[1],2,"s"],"c":{"d":1.5}}"#
        )
    }

    @Test(arguments: [
        ("", #""""#), ("plain é€😀\u{7F}", "\"plain é€😀\u{7F}\""), ("\"\\/", #""\"\\/""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{8}\u{C}\u{10}\u{1F}", #""\u0000\u0008\u000c\u0010\u001f""#),
        ("\u{85}\u{2028}\u{2029}", #""\u0085\u2028\u2029""#),
        ("\u{84}\u{86}\u{2027}\u{202A}\u{C5}", "\"\u{84}\u{86}\u{2027}\u{202A}\u{C5}\""),
        ("a\"b\u{2028}c\nd", #""a\"b\u2028c\nd""#),
    ])
    func escapes(_ text: String, _ expected: String) {
        #expect(Array(write { $0.string(text) }.utf8) == Array(expected.utf8))
        #expect(Array(write { $0.string(Array(text.utf8)) }.utf8) == Array(expected.utf8))
        #expect(Array(write { $0.string(text.utf8.lazy.map { $0 }) }.utf8) == Array(expected.utf8))
        #expect(Array(write { $0.key(text: text) }.utf8) == Array((expected + ":").utf8))
    }

    @Test(arguments: [0, -0.0, 1, 0.1, 1e300, -1.5e-300, Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude])
    func doublesComeBack(_ value: Double) throws {
        let text = write { $0.number(value) }
        #expect(isJSON(Array(text.utf8)))
        #expect(try JSONDecoder().decode(Double.self, from: Data(text.utf8)) == value)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func whatIsNoNumberIsZero(_ value: Double) { #expect(write { $0.number(value) } == "0.0") }

    /// Every scalar of Unicode's first two planes, and the ends of the others, read back by Foundation and by ourselves.
    @Test func everyScalarComesBack() throws {
        for start in stride(from: UInt32(0), to: 0x20000, by: 0x400) {
            let scalars = (start..<start + 0x400).compactMap(Unicode.Scalar.init)
            let text = String(String.UnicodeScalarView(scalars))
            let json = write { json in json.array { $0.string(text) } }
            let theirs = try JSONDecoder().decode([String].self, from: Data(json.utf8))
            #expect(theirs.first.map { Array($0.utf8) } == Array(text.utf8), "from \(start)")
            var reader = JSONReader(Array(json.utf8))
            try reader.beginArray()
            #expect(try reader.nextElement())
            let token = try reader.string()
            #expect(reader.decodeBytes(token) == Array(text.utf8), "from \(start)")
            #expect(!json.unicodeScalars.contains { $0.value < 0x20 || [0x85, 0x2028, 0x2029].contains($0.value) })
        }
    }

    @Test func keysComeBack() throws {
        let keys = ["", "a b", "\"", "\u{2028}", "é", "e\u{301}x"]
        let json = write { json in
            json.object { json in
                for (index, key) in keys.enumerated() {
                    json.key(text: key)
                    json.integer(index)
                }
            }
        }
        let theirs = try JSONDecoder().decode([String: Int].self, from: Data(json.utf8))
        #expect(theirs == Dictionary(uniqueKeysWithValues: zip(keys, 0...)))
    }
}
