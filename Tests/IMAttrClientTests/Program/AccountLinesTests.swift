import IMAttrClient
import Testing

@testable import imattr

struct AccountLinesTests {
    private func accounts(_ pieces: [[UInt8]]) async throws(InputError) -> [Account] {
        var rest = pieces[...]
        var lines = AccountLines { rest.popFirst() ?? [] }.makeAsyncIterator()
        var accounts: [Account] = []
        while let account = try await lines.next() { accounts.append(account) }
        return accounts
    }

    @Test func everyLineIsAnAccountWhereverThePiecesEnd() async throws {
        let text = Array("abc\r\n\n Zhang Xiaohong \n\r\n深\nlast".utf8)
        for cut in 1..<text.count {
            let pieces = [Array(text[..<cut]), Array(text[cut...])]
            #expect(try await accounts(pieces) == ["abc", " Zhang Xiaohong ", "深", "last"])
        }
        #expect(try await accounts([]) == [])
    }

    @Test func theLongestAccountPassesAndALongerOneDoesNot() async throws {
        let longest = [UInt8](repeating: 0x61, count: 255)
        #expect(try await accounts([longest + Array("\r\n".utf8)]).map(\.utf8.count) == [255])
        let error = InputError.tooLong(place: "line 2 of standard input")
        for ending in ["", "\n", "\r\n", "a"] {
            await #expect(throws: error) {
                try await accounts([Array("x\n".utf8), longest + [0x61] + Array(ending.utf8)])
            }
        }
    }

    @Test func inputWithoutLineEndsIsNotHeld() async {
        let source: AccountLines.Source = { [UInt8](repeating: 0x61, count: 1000) }
        await #expect(throws: InputError.tooLong(place: "line 1 of standard input")) {
            var lines = AccountLines(source: source).makeAsyncIterator()
            _ = try await lines.next()
        }
    }

    @Test func whatIsNotUTF8IsRefused() async {
        await #expect(throws: InputError.notUTF8(place: "line 2 of standard input")) {
            try await accounts([Array("a\n".utf8), [0xC3, 0x0A]])
        }
    }
}
