import Testing

@testable import JSONRPCServer

@Suite struct ForeignSpeechTests {
    @Test(arguments: [
        "GET / HTTP/1.1", "POST /rpc HTTP/1.0", "PRI * HTTP/2.0", "CONNECT example.com:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ])
    func requestLinesAreHTTP(_ line: String) { #expect(ForeignSpeech(firstLine: Array(line.utf8)) == .http) }

    @Test(arguments: ["Content-Length: 52", "content-length:52", "CONTENT-LENGTH:", "Content-Type: application/json"])
    func headersAreAnotherFraming(_ line: String) {
        #expect(ForeignSpeech(firstLine: Array(line.utf8)) == .headerFraming)
    }

    @Test(arguments: [
        "", " ", "GET", "GET /", "GET / HTTP", "get / HTTP/1.1", "FETCH / HTTP/1.1", "GET / HTTP/1.1 more",
        "GET / FTP/1.1", "Content-Length", "Content_Length: 1", "Accept: */*",
        #"{"jsonrpc":"2.0","id":1,"method":"GET / HTTP/1.1"}"#, #"["GET / HTTP/1.1"]"#, "\"GET / HTTP/1.1\"",
    ])
    func everythingElseIsNot(_ line: String) { #expect(ForeignSpeech(firstLine: Array(line.utf8)) == nil) }

    @Test func aVeryLongLineIsNot() {
        let path = String(repeating: "x", count: 16384)
        #expect(ForeignSpeech(firstLine: Array("GET /\(path) HTTP/1.1".utf8)) == nil)
    }

    @Test func theAnswerToHTTPIsWholeWithItsLineFeed() throws {
        let text = String(decoding: ForeignSpeech.httpAnswer, as: UTF8.self) + "\n"
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let head = parts[0].split(separator: "\r\n").map(String.init)
        #expect(head.first == "HTTP/1.1 400 Bad Request")
        #expect(head.contains("Content-Length: \(parts[1].utf8.count)"))
        #expect(parts[1].contains("line-delimited JSON-RPC 2.0"))
    }
}
