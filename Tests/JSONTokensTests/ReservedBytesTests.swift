import JSONTokens
import Testing

struct ReservedBytesTests {
    @Test(arguments: [
        "", "abc", "exactly eight and more", "a\"b", "\\", "tab\tand line\n", "\u{85}\u{2028}\u{2029}", "é 李 👍",
        "\u{1}\u{2}",
    ])
    func textIsEscapedAsByTheWriter(text: String) {
        var writer = JSONWriter()
        writer.string(text)
        let bytes = [UInt8](names: text.utf8.count, other: 2) { bytes in
            bytes.append("\"")
            bytes.appendEscaped(text.utf8.span)
            bytes.append("\"")
        }
        #expect(bytes == writer.bytes)
    }

    @Test func whatIsNotUsedIsNotThere() {
        #expect([UInt8](names: 0, other: 10) { $0.append("ab") } == Array("ab".utf8))
        #expect([UInt8](names: 0, other: 0) { _ in } == [])
        #expect([UInt8](names: 0, other: 0) { $0.append("") } == [])
    }

    @Test func moreThanWasSetAsideEndsTheProgram() async {
        await #expect(processExitsWith: .failure) { _ = [UInt8](names: 0, other: 2) { $0.append("abc") } }
    }

    /// Every length up to two words, with what ends a run of plain bytes at every place, and a text that goes on behind it.
    @Test func aStringEndsWhereItsQuotationMarkIs() throws {
        for length in 0...17 {
            for behind in 0...17 {
                let text = Array(repeating: UInt8(ascii: "a"), count: length)
                let json = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")] + Array(repeating: 0x20, count: behind)
                var reader = JSONReader(json)
                #expect(try reader.string().content == 1..<length + 1)
                var cut = JSONReader(json, in: 0..<length + 1)
                #expect(throws: JSONSyntaxError.self) { try cut.string() }
            }
        }
    }

    @Test func spacesAreFoundWhereverTheyStand() throws {
        for length in 0...17 {
            let plain = Array("{\"\(String(repeating: "a", count: length))\":1}".utf8)
            var compact = plain
            var reader = JSONReader(plain)
            #expect(try reader.compactValue(in: &compact) == plain.indices)
            for place in [1, plain.count - 1] {
                var spaced = plain
                spaced.insert(0x20, at: place)
                var texts = spaced
                var reader = JSONReader(spaced)
                let range = try reader.compactValue(in: &texts)
                #expect(Array(texts[range]) == plain)
            }
        }
    }
}
