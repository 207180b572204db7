import Foundation
import JSONRPC
import JSONTokens
import Testing

@Suite("Answers")
struct ResponseTests {
    private func json(_ response: Response) -> String { String(decoding: response.json, as: UTF8.self) }

    @Test func results() {
        let response = Response(id: RequestID(token: Array(#""\u0061""#.utf8)), .result(Array(#"{"a":[1]}"#.utf8)))
        #expect(json(response) == #"{"jsonrpc":"2.0","id":"\u0061","result":{"a":[1]}}"#)
    }

    @Test func aPlainError() {
        #expect(
            json(Response(id: .null, .error(ErrorObject(.methodNotFound))))
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found","data":{"source":"daemon","retryable":false}}}"#
        )
    }

    @Test func everyField() throws {
        var error = ErrorObject(
            code: 90001, message: "two\nlines \u{2028} \"quoted\"", retryable: true, source: .upstream)
        error.errorInfo = "\u{85}"
        error.attempts = 3
        error.retryAfterMs = 1500
        error.path = "To_Account[3]"
        error.limit = .init("maxQueuedAccounts", 300_000)
        error.fetched = 100
        error.failed = [Array(#"{"To_Account":"a"}"#.utf8), Array(#"{"To_Account":"b"}"#.utf8)]
        error.callID = "c-1"
        error.clockSkewSeconds = -90
        let text = json(Response(id: RequestID(token: [0x31]), .error(error)))
        #expect(
            text == #"{"jsonrpc":"2.0","id":1,"error":{"code":90001,"message":"two\nlines \u2028 \"quoted\"","data":"#
                + #"{"source":"upstream","retryable":true,"ErrorInfo":"\u0085","attempts":3,"retryAfterMs":1500,"path":"To_Account[3]","#
                + #""limit":300000,"limitName":"maxQueuedAccounts","fetched":100,"failed":[{"To_Account":"a"},{"To_Account":"b"}],"#
                + #""callId":"c-1","clockSkewSeconds":-90}}}"#)
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    @Test(arguments: [
        (ErrorObject.StandardCode.parseError, -32700, "Parse error"), (.invalidRequest, -32600, "Invalid Request"),
        (.methodNotFound, -32601, "Method not found"), (.invalidParams, -32602, "Invalid params"),
        (.internalError, -32603, "Internal error"),
    ])
    func standardCodes(_ code: ErrorObject.StandardCode, _ number: Int, _ message: String) {
        #expect(ErrorObject(code).code == number)
        #expect(ErrorObject(code).message == message)
        #expect(ErrorObject(code, "why").message == "\(message): why")
    }

    @Test(arguments: ["x", "é", "€", "😀"])
    func detailsAreCutBetweenScalars(_ scalar: String) {
        let detail = String(repeating: scalar, count: 1000)
        let message = ErrorObject(.methodNotFound, detail).message
        let kept = message.dropFirst("Method not found: ".count).dropLast()
        #expect(message.last == "…")
        #expect(detail.hasPrefix(kept))
        #expect(512 - 3...512 ~= kept.utf8.count)
        let fits = String(repeating: "x", count: 512)
        #expect(ErrorObject(.methodNotFound, fits).message == "Method not found: \(fits)")
    }
}
