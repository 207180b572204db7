import Testing

@testable import AttributeAPI

@Suite struct JSONTreeTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-1.50e3", "123456789012345678901234567890", #""a\"b""#, "[]", "{}",
        #"{"b":[1,{"a":null}],"a":"é"}"#,
    ])
    func whatIsReadIsWritten(json: String) throws {
        #expect(String(decoding: try JSONTree(json: Array(json.utf8)).json, as: UTF8.self) == json)
    }

    @Test(arguments: ["", "[1,]", "{\"a\"}", "1 2", "nul"])
    func whatIsNoJSONIsNotRead(json: String) {
        #expect(throws: (any Error).self) { try JSONTree(json: Array(json.utf8)) }
    }

    @Test func membersKeepTheirOrderAndAreFound() {
        let tree: JSONTree = ["z": 1, "a": ["x", true]]
        #expect(tree.members.map(\.key) == ["z", "a"])
        #expect(tree["a"]?.elements == ["x", true])
        #expect(tree["b"] == nil)
        #expect(tree.adding("b", 2)["b"] == 2)
        #expect(tree.adding("b", nil) == tree)
        #expect(tree["a"]?.elements.first?.text == "x")
    }
}
