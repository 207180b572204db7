import AttributeValues
import JSONRPC
import Testing

@testable import AttributeAPI

@Suite struct GetAttrsParamsTests {
    /// The params of a request line.
    static func params(_ json: String) throws -> JSONRPC.Params {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":\#(json)}"#
        guard case .single(.request(let request)) = Message(line: Array(line.utf8)) else { throw NoRequest() }
        return request.params
    }

    struct NoRequest: Error {}

    static func read(_ json: String, maxAccounts: Int = 10) throws -> GetAttrs.Params {
        try GetAttrs.Params(params(json), maxAccounts: maxAccounts)
    }

    /// The error that params meet; nil if none.
    static func error(_ json: String, maxAccounts: Int = 10) throws -> ErrorObject? {
        do {
            _ = try read(json, maxAccounts: maxAccounts)
            return nil
        } catch let error as ErrorObject {
            return error
        }
    }

    @Test func defaultsAreFilledIn() throws {
        let params = try Self.read(#"{"To_Account":["a"]}"#)
        #expect(params.accounts == ["a"])
        #expect(params.timeoutMs == 30_000)
        #expect(params.maxAgeMs == 0)
        #expect(!params.partial)
    }

    @Test func positionsAreInTheDocumentedOrder() throws {
        let params = try Self.read(#"[["a","b"],1500,7,true]"#)
        #expect(params.accounts == ["a", "b"])
        #expect(params.timeoutMs == 1500)
        #expect(params.maxAgeMs == 7)
        #expect(params.partial)
        #expect(try Self.read(#"[[]]"#).accounts.isEmpty)
        #expect(try Self.error(#"[["a"],1,0,true,0]"#)?.path == "[4]")
    }

    @Test(arguments: [("true", true), ("false", false)])
    func partialIsABoolean(token: String, value: Bool) throws {
        #expect(try Self.read(#"{"To_Account":["a"],"partial":\#(token)}"#).partial == value)
    }

    @Test(arguments: ["0", "1", "null", #""true""#, "[]", "{}"])
    func partialIsNothingElse(token: String) throws {
        for json in [#"{"To_Account":["a"],"partial":\#(token)}"#, #"[["a"],1,0,\#(token)]"#] {
            let error = try #require(try Self.error(json))
            #expect(error.code == -32602)
            #expect(error.path == "partial")
        }
    }

    @Test(arguments: [
        (#""timeoutMs":1"#, true), (#""timeoutMs":600000"#, true), (#""timeoutMs":0"#, false),
        (#""timeoutMs":600001"#, false),
        (#""timeoutMs":-1"#, false), (#""timeoutMs":1.0"#, true), (#""timeoutMs":1e3"#, true),
        (#""timeoutMs":1.5"#, false), (#""timeoutMs":1e-3"#, false), (#""timeoutMs":6.00001e5"#, false),
        (#""timeoutMs":1e999999999999999999999"#, false), (#""timeoutMs":0.0"#, false), (#""maxAgeMs":-0.0"#, true),
        (#""maxAgeMs":36E+5"#, true), (#""maxAgeMs":36.00001e5"#, false),
        (#""timeoutMs":"1"#, false),
        (#""timeoutMs":null"#, false), (#""timeoutMs":true"#, false), (#""timeoutMs":99999999999999999999"#, false),
        (#""maxAgeMs":0"#, true), (#""maxAgeMs":3600000"#, true), (#""maxAgeMs":-1"#, false),
        (#""maxAgeMs":3600001"#, false),
        (#""maxAgeMs":[]"#, false),
    ])
    func boundsOfIntegers(member: String, isAllowed: Bool) throws {
        let json = #"{"To_Account":["a"],"# + member + (member.hasSuffix(#""1"#) ? "\"}" : "}")
        let error = try Self.error(json)
        #expect((error == nil) == isAllowed)
        if let error {
            #expect(error.code == -32602)
            #expect(error.path == String(member.dropFirst().prefix { $0 != "\"" }))
            #expect(error.source == .daemon)
            #expect(!error.retryable)
            #expect(error.message.contains("allowed are integers from"))
        }
    }

    @Test(arguments: [
        (#"{}"#, "To_Account"), (#"[]"#, "To_Account"), (#"{"timeoutMs":5}"#, "To_Account"),
        (#"{"To_Account":null}"#, "To_Account"),
        (#"{"To_Account":"a"}"#, "To_Account"), (#"{"To_Account":{}}"#, "To_Account"),
        (#"{"To_Account":["a",1]}"#, "To_Account[1]"),
        (#"{"To_Account":[null]}"#, "To_Account[0]"), (#"{"To_Account":["a","b",["c"]]}"#, "To_Account[2]"),
        (#"{"To_Account":["a","a","b",""]}"#, "To_Account[3]"), (#"{"To_Account":["\ud800"]}"#, "To_Account[0]"),
        (#"{"To_Account":["\udc00\ud800"]}"#, "To_Account[0]"), (#"{"To_Account":["a"],"timeoutMS":5}"#, "timeoutMS"),
        (#"{"To_Account":["a"],"to_account":[]}"#, "to_account"),
        (#"{"To_Account":["a"],"To_Account":["a"]}"#, "To_Account"),
        (#"{"To_Account":["a"],"To\u005fAccount":["a"]}"#, "To_Account"),
        (#"{"To_Account":["a"],"maxAgeMs":1,"maxAgeMs":1}"#, "maxAgeMs"),
    ])
    func faultHasItsPath(json: String, path: String) throws {
        let error = try #require(try Self.error(json))
        #expect(error.code == -32602)
        #expect(error.path == path)
        #expect(error.message.contains(path))
    }

    @Test func absentParamsAreMissing() {
        #expect(throws: ErrorObject.self) { try GetAttrs.Params(.absent, maxAccounts: 1) }
    }

    @Test(arguments: [(1, true), (255, true), (256, false), (0, false)])
    func lengthsOfAccounts(bytes: Int, isAllowed: Bool) throws {
        let account = String(repeating: "é", count: bytes / 2) + String(repeating: "a", count: bytes % 2)
        #expect(account.utf8.count == bytes)
        #expect((try Self.error(#"{"To_Account":["\#(account)"]}"#) == nil) == isAllowed)
    }

    @Test func repeatedAccountsCountOnceInTheOrderOfFirstMention() throws {
        let params = try Self.read(#"{"To_Account":["b","a","\u0062","c","a"]}"#)
        #expect(params.accounts == ["b", "a", "c"])
    }

    /// Else to look for one would take ever longer.
    @Test func repeatedAccountsAreInTheIndexOnce() {
        var distinct = DistinctAccounts()
        for account in ["a", "a", "a"] as [Account] { distinct.append(account) }
        #expect(distinct.accounts == ["a"] && distinct.index.count == 0)
        for account in ["b", "a", "c", "b", "a"] as [Account] { distinct.append(account) }
        #expect(distinct.accounts == ["a", "b", "c"] && distinct.index.count == 3)
    }

    /// `String` calls these two names equal.
    @Test func accountsAreTheirBytes() throws {
        let params = try Self.read("{\"To_Account\":[\"\u{E9}\",\"e\u{301}\",\"\\u00e9\"]}")
        #expect(params.accounts.map { Array($0.utf8) } == [[0xC3, 0xA9], [0x65, 0xCC, 0x81]])
    }

    @Test func tooManyAccountsNameTheLimit() throws {
        #expect(try Self.error(#"{"To_Account":["a","b","c"]}"#, maxAccounts: 3) == nil)
        let error = try #require(try Self.error(#"{"To_Account":["a","a","a","a"]}"#, maxAccounts: 3))
        #expect(error.code == -32602)
        #expect(error.path == "To_Account")
        #expect(error.limit == .init("maxAccountsPerRequest", 3))
        #expect(error.message == "Invalid params: To_Account: 4 accounts; at most 3 are allowed in a request")
    }

    @Test func methodsWithoutParamsTakeNone() throws {
        for json in ["{}", "[]"] { try Self.params(json).expectNone() }
        for json in ["[1]", #"{"x":1}"#] {
            #expect(throws: ErrorObject.self) { try Self.params(json).expectNone() }
        }
        try JSONRPC.Params.absent.expectNone()
    }
}
