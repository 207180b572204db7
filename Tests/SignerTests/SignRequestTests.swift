import Testing

@testable import Signer

@Suite("The signer's one request") struct SignRequestTests {
    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":1,"method":"sign"}"#, "1"),
        (#" { "method" : "sign" , "id" : "a\u0041" , "jsonrpc" : "2.0" } "#, #""a\u0041""#),
    ])
    func isUnderstood(_ line: String, _ id: String) throws {
        #expect(try SignRequest(line: Array(line.utf8)).id == Array(id.utf8))
    }

    @Test(arguments: [
        ("", -32700, nil), ("{", -32700, nil), ("sign", -32700, nil), ("{}{}", -32700, nil), ("\u{0}", -32700, nil),
        (#"{"id":1,"method":"sign","jsonrpc":"2.0"} x"#, -32700, nil),
        ("[]", -32600, nil), (#"[{"jsonrpc":"2.0","id":1,"method":"sign"}]"#, -32600, nil), ("1", -32600, nil),
        ("{}", -32600, nil), (#"{"jsonrpc":"2.0","method":"sign"}"#, -32600, nil),
        (#"{"jsonrpc":"2.0","id":null,"method":"sign"}"#, -32600, nil),
        (#"{"jsonrpc":"2.0","id":[1],"method":"sign"}"#, -32600, nil),
        (#"{"jsonrpc":"1.0","id":1,"method":"sign"}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"sign"}"#, -32600, "2"),
        (#"{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"sign"}"#, -32600, "2"),
        (#"{"jsonrpc":"2.0","id":1,"method":"sign","identifier":"another"}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"sign","params":{"identifier":"another"}}"#, -32602, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"sign","params":["another",99999999]}"#, -32602, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"sign","params":{}}"#, -32602, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"getKey"}"#, -32601, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"Sign"}"#, -32601, "1"),
        (#"{"jsonrpc":"2.0","id":1}"#, -32601, "1"),
    ])
    func isRefused(_ line: String, _ code: Int, _ id: String?) {
        let refusal = #expect(throws: SignRequest.Refusal.self) { try SignRequest(line: Array(line.utf8)) }
        #expect(refusal?.code == code)
        #expect(refusal?.id == id.map { Array($0.utf8) })
    }
}
