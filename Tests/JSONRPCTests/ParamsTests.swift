import JSONRPC
import JSONTokens
import Testing

@Suite("Reading params")
struct ParamsTests {
    /// What was read: the index of each parameter and its text.
    private struct Argument: Equatable {
        var index: Int
        var text: String
    }

    private func params(_ text: String) throws -> Params {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"m","params":\#(text)}"#
        return try #require(Message(line: Array(line.utf8)).request).params
    }

    private func read(_ params: Params, _ names: [StaticString] = ["To_Account", "timeoutMs"]) throws(ErrorObject)
        -> [Argument]
    {
        var arguments: [Argument] = []
        try params.read(names) { index, reader in
            let range = try reader.skipValue()
            arguments.append(Argument(index: index, text: String(decoding: reader.bytes[range], as: UTF8.self)))
        }
        return arguments
    }

    @Test(arguments: [
        #"{"To_Account":["a"],"timeoutMs":5}"#, #" { "To_Account" : ["a"] , "timeoutMs" : 5 } "#,
        #"{"\u0054o_Account":["a"],"timeoutM\u0073":5}"#,
        #"[["a"],5]"#, #"[ ["a"] , 5 ]"#,
    ])
    func byNameAndByPosition(_ text: String) throws {
        #expect(try read(params(text)) == [Argument(index: 0, text: #"["a"]"#), Argument(index: 1, text: "5")])
    }

    @Test func inTheCallersOrder() throws {
        #expect(
            try read(params(#"{"timeoutMs":5,"To_Account":1}"#)) == [
                Argument(index: 1, text: "5"), Argument(index: 0, text: "1"),
            ])
        #expect(try read(params("[1]")) == [Argument(index: 0, text: "1")])
    }

    @Test func none() throws {
        let request = try #require(Message(line: Array(#"{"jsonrpc":"2.0","method":"m"}"#.utf8)).request)
        #expect(request.params.form == .absent)
        #expect(try read(request.params).isEmpty)
        #expect(try read(.absent).isEmpty)
        #expect(try read(params("{}")).isEmpty)
        #expect(try read(params("[]")).isEmpty)
    }

    @Test(arguments: [
        (#"{"timeoutMS":5}"#, "timeoutMS"), (#"{"":5}"#, ""), (#"{"To_Account":1,"x":2}"#, "x"),
        (#"{"\u0078":1}"#, "x"),
        (#"{"timeoutMs":5,"timeoutMs":5}"#, "timeoutMs"), (#"{"timeoutMs":5,"timeout\u004ds":6}"#, "timeoutMs"),
        ("[1,2,3]", "[2]"),
    ])
    func refused(_ text: String, _ path: String) throws {
        let params = try params(text)
        let error = try #require(throws: ErrorObject.self) { try read(params) }
        #expect(error.code == -32602)
        #expect(error.path == path)
    }

    @Test func aLoneSurrogateIsAnUnknownName() throws {
        let params = try params(#"{"\ud800":1}"#)
        #expect(throws: ErrorObject.self) { try read(params) }
    }

    /// A name as long as a line must not make an answer several times as long.
    @Test func longNamesAreCut() throws {
        let params = try params("{\"" + String(repeating: "\u{2028}é", count: 100_000) + "\":1}")
        let error = try #require(throws: ErrorObject.self) { try read(params) }
        let path = try #require(error.path)
        #expect(path.utf8.count <= ErrorObject.maximumPathLength + 3)
        #expect(path.hasSuffix("é…") || path.hasSuffix("\u{2028}…"))
        #expect(Response(id: .null, .error(error)).json.count <= LineCheck.maximumErrorLength)
    }

    @Test func anotherTypeThanWasRead() throws {
        for text in [#"{"timeoutMs":"5"}"#, "[[],[]]"] {
            let params = try params(text)
            let error = try #require(throws: ErrorObject.self) {
                try params.read(["To_Account", "timeoutMs"]) { index, reader in
                    if index == 0 { try reader.skipValue() } else { _ = try reader.integer() }
                }
            }
            #expect(error.code == -32602)
            #expect(error.path == "timeoutMs")
        }
    }

    @Test func whatTheReaderThrows() throws {
        struct Secret: Error { let text = "hunter2" }
        let params = try params("[1]")
        let own = ErrorObject(code: 1, message: "mine", retryable: true)
        #expect(throws: own) { try params.read(["a"]) { _, _ in throw own } }
        let other = try #require(throws: ErrorObject.self) { try params.read(["a"]) { _, _ in throw Secret() } }
        #expect(other == ErrorObject(.internalError))
    }

    /// Params may be as deep as the line that held them.
    @Test func depthIsTheLines() throws {
        let deep = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(try read(params(deep)).count == 1)
    }
}
