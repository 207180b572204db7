import Testing

@testable import JSONRPCServer

@Suite struct HTTPGuessTests {
    @Test(arguments: [
        "GET / HTTP/1.1", "POST /rpc HTTP/1.0", "PRI * HTTP/2.0", "CONNECT example.com:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ])
    func requestLinesAreHTTP(_ line: String) { #expect(HTTPGuess.looksLikeHTTP(Array(line.utf8))) }

    @Test(arguments: [
        "", " ", "GET", "GET /", "GET / HTTP", "get / HTTP/1.1", "FETCH / HTTP/1.1", "GET / HTTP/1.1 more",
        "GET / FTP/1.1",
        #"{"jsonrpc":"2.0","id":1,"method":"GET / HTTP/1.1"}"#, #"["GET / HTTP/1.1"]"#, "\"GET / HTTP/1.1\"",
    ])
    func everythingElseIsNot(_ line: String) { #expect(!HTTPGuess.looksLikeHTTP(Array(line.utf8))) }

    @Test func aVeryLongLineIsNot() {
        let path = String(repeating: "x", count: 16384)
        #expect(!HTTPGuess.looksLikeHTTP(Array("GET /\(path) HTTP/1.1".utf8)))
    }
}
