import JSONRPC
import Testing

@Suite("The envelope of a request")
struct EnvelopeTests {
    private func line(id: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"method":"m"}"# }

    // MARK: Ids

    @Test(arguments: [
        "1", "-0", "1.0", "1.00", "-1.5E+03", "1e9999", "123456789012345678901234567890", "null", #""""#, #""a""#,
        #""\u0061""#,
        #""\ud800""#, #""\/\"\\""#, "\"é€😀\"", "\"\u{85}\u{2028}\u{2029}\"",
    ])
    func idsStayAsTheyStood(_ id: String) throws {
        let request = try #require(Message(line: Array(line(id: " \(id)\t").utf8)).request)
        #expect(request.id.map { Array($0.token) } == Array(id.utf8))
        let answer = Response(id: try #require(request.id), .result(Array("true".utf8))).json
        #expect(answer == Array(#"{"jsonrpc":"2.0","id":\#(id),"result":true}"#.utf8))
    }

    @Test(arguments: ["true", "false", "[]", "{}", "[1]", #"{"a":1}"#])
    func idsOfOtherTypes(_ id: String) { #expect(Reception(of: line(id: id)) == Reception(.error(-32600, id: "null"))) }

    @Test func idsHaveABound() throws {
        let longest = "\"" + String(repeating: "x", count: 1022) + "\""
        #expect(Reception(of: line(id: longest)) == Reception(.request("m", id: longest)))
        let error = try #require(
            Message(line: Array(line(id: "1" + longest.dropFirst().dropLast().map { _ in "0" } + "00").utf8)).error)
        #expect(error.code == -32600)
        #expect(error.limit == .init("maxIdLength", 1024))
    }

    // MARK: What is no request

    @Test(arguments: [
        (#"{}"#, "null"), (#"{"id":7}"#, "7"), (#"{"id":"a","method":"m"}"#, #""a""#),
        (#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, "1"), (#"{"jsonrpc":2.0,"id":1,"method":"m"}"#, "1"),
        (#"{"jsonrpc":"2.00","id":1,"method":"m"}"#, "1"), (#"{"jsonrpc":null,"id":1,"method":"m"}"#, "1"),
        (#"{"JSONRPC":"2.0","id":1,"method":"m"}"#, "1"), (#"{"jsonrpc":"2.0","id":1}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":null}"#, "1"), (#"{"jsonrpc":"2.0","id":1,"method":["m"]}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":null}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":"x"}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":1}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":true}"#, "1"),
        // The id is found wherever it stands, and also what has none is answered.
        (#"{"params":1,"method":2,"jsonrpc":3,"id":"last"}"#, #""last""#),
        (#"{"jsonrpc":"2.0","method":"m","params":1}"#, "null"),
        (#"{"jsonrpc":"2.0","method":1}"#, "null"), (#"{"method":"m"}"#, "null"), ("1", "null"), ("null", "null"),
        (#""x""#, "null"),
    ])
    func invalid(_ line: String, _ id: String) { #expect(Reception(of: line) == Reception(.error(-32600, id: id))) }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"m"}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","method":"m"}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","m\u0065thod":"m"}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":[],"params":[]}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":null,"method":"m"}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","params":null,"params":[]}"#, "1"),
        // Which of two ids would it be?
        (#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":[],"id":2,"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":1,"id":2,"id":3,"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","x":1,"x":1}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","é":1,"\u00e9":1}"#, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"m","\ud800":1,"\uD800":1}"#, "1"),
    ])
    func duplicates(_ line: String, _ id: String) { #expect(Reception(of: line) == Reception(.error(-32600, id: id))) }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"method":"m","x":1,"y":[{"x":1,"x":2}]}"#,
        #"{"\u006asonrpc":"\u0032.0","\u0069d":1,"meth\u006fd":"\u006d"}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"m","ID":2,"Id":3}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"m","\ud800":1,"\\ud800":1,"\ud801":1,"\ufffd":1}"#,
        // Composed and decomposed é are two keys.
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"\u{E9}\":1,\"e\u{301}\":1}",
        " \t{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"} \r",
    ])
    func unknownMembersAreIgnored(_ line: String) { #expect(Reception(of: line) == Reception(.request("m", id: "1"))) }

    @Test func unknownMembersHaveABound() throws {
        func line(_ count: Int) -> [UInt8] {
            Array(
                (#"{"jsonrpc":"2.0","method":"m""# + (0..<count).map { ",\"x\($0)\":0" }.joined() + #","id":1}"#).utf8)
        }
        #expect(Reception(of: line(100)) == Reception(.request("m", id: "1")))
        #expect(Reception(of: line(101)) == Reception(.error(-32600, id: "1")))
        #expect(Message(line: line(50_000)).error?.limit == .init("maxOtherMembers", 100))
    }

    @Test func aMethodWithoutTextIsUnknown() {
        #expect(
            Reception(of: #"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#) == Reception(.request("\u{FFFD}", id: "1")))
    }

    // MARK: What is no JSON

    @Test(arguments: [
        "", " ", "{", "{]", "GET / HTTP/1.1", #"{"jsonrpc":"2.0","id":1,"method":"m"}{"#,
        #"{"jsonrpc":"2.0","id":1,"method":"m"},"#,
        #"{"jsonrpc":"2.0","id":01,"method":"m"}"#, #"{"jsonrpc":"2.0","id":1,"method":"m","params":[1,]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"m",}"#,
        "\u{FEFF}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", "{'jsonrpc':'2.0'}",
        #"[{"jsonrpc":"2.0","id":1,"method":"m"}"#, "[1,]",
        #"{"jsonrpc":"2.0","id":1,"method":"m","x":"\x"}"#, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\u{1}\"}",
    ])
    func noJSON(_ line: String) { #expect(Reception(of: line) == Reception(.error(-32700, id: "null"))) }

    @Test(
        arguments: [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFF], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func noUTF8(_ bytes: [UInt8]) {
        for member in ["id", "method", "x", "params\":{\"y"] {
            let closing = member.hasPrefix("params") ? "}" : ""
            let line = Array("{\"jsonrpc\":\"2.0\",\"\(member)\":\"".utf8) + bytes + Array("\"\(closing)}".utf8)
            #expect(Reception(of: line) == Reception(.error(-32700, id: "null")), "\(member)")
        }
    }

    @Test func depth() {
        func line(_ levels: Int) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"m","params":"# + String(repeating: "[", count: levels - 1)
                + String(repeating: "]", count: levels - 1) + "}"
        }
        #expect(Reception(of: line(64)) == Reception(.request("m", id: "1")))
        #expect(Reception(of: line(65)) == Reception(.error(-32700, id: "null")))
        #expect(Reception(of: "[" + line(63) + "]") == Reception(.request("m", id: "1"), isBatch: true))
        #expect(Reception(of: "[" + line(64) + "]") == Reception(.error(-32700, id: "null")))
        #expect(Reception(of: String(repeating: "[", count: 100_000)) == Reception(.error(-32700, id: "null")))
    }

    // MARK: Batches

    @Test func batchesHaveABound() throws {
        func line(_ count: Int, last: String = "1") -> [UInt8] {
            Array(("[" + String(repeating: "1,", count: count - 1) + last + "]").utf8)
        }
        #expect(Reception(of: line(1000)).items.count == 1000)
        #expect(Reception(of: line(1001)) == Reception(.error(-32600, id: "null")))
        #expect(Message(line: line(1001)).error?.limit == .init("maxBatchLength", 1000))
        // Too long and no JSON is no JSON.
        #expect(Reception(of: line(2000, last: "01")) == Reception(.error(-32700, id: "null")))
    }

    @Test func whatIsInABatchIsJudgedAlone() {
        let line = #"[[],{"jsonrpc":"2.0","id":1,"method":"m"},{"id":2},[{"jsonrpc":"2.0","id":3,"method":"m"}],null]"#
        #expect(
            Reception(of: line)
                == Reception(
                    .error(-32600, id: "null"), .request("m", id: "1"), .error(-32600, id: "2"),
                    .error(-32600, id: "null"), .error(-32600, id: "null"), isBatch: true))
    }
}
