import Testing

/// The examples of the JSON-RPC 2.0 specification, section 7, in its order. Where it shows a result, the request must be
/// understood; where it shows an error, code and id must be the ones it shows.
@Suite("The specification's own examples")
struct SpecificationTests {
    @Test(arguments: [
        (
            #"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            Reception(.request("subtract", id: "1"))
        ),
        (
            #"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
            Reception(.request("subtract", id: "2"))
        ),
        (
            #"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
            Reception(.request("subtract", id: "3"))
        ),
        (
            #"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
            Reception(.request("subtract", id: "4"))
        ),
        (#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, Reception(.request("update", id: nil))),
        (#"{"jsonrpc": "2.0", "method": "foobar"}"#, Reception(.request("foobar", id: nil))),
        (#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#, Reception(.request("foobar", id: #""1""#))),
        (#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#, Reception(.error(-32700, id: "null"))),
        (#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#, Reception(.error(-32600, id: "null"))),
        (
            #"[ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method" ]"#,
            Reception(.error(-32700, id: "null"))
        ),
        ("[]", Reception(.error(-32600, id: "null"))),
        ("[1]", Reception(.error(-32600, id: "null"), isBatch: true)),
        (
            "[1,2,3]",
            Reception(.error(-32600, id: "null"), .error(-32600, id: "null"), .error(-32600, id: "null"), isBatch: true)
        ),
    ])
    func example(_ line: String, _ reception: Reception) { #expect(Reception(of: line) == reception) }

    @Test func mixedBatch() {
        let line = #"""
            [
                {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
            ]
            """#
        #expect(
            Reception(of: line)
                == Reception(
                    .request("sum", id: #""1""#), .request("notify_hello", id: nil), .request("subtract", id: #""2""#),
                    .error(-32600, id: "null"), .request("foo.get", id: #""5""#), .request("get_data", id: #""9""#),
                    isBatch: true))
    }

    @Test func batchOfNotifications() {
        let line =
            #"[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]"#
        #expect(
            Reception(of: line)
                == Reception(.request("notify_sum", id: nil), .request("notify_hello", id: nil), isBatch: true))
    }
}
