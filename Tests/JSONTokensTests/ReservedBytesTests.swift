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
}
