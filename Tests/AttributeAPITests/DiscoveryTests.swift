import JSONRPC
import JSONTokens
import SchemaCheck
import Testing

@testable import AttributeAPI

/// The document is made from what the methods are read by; these tests hold it to that.
@Suite struct DiscoveryTests {
    private static let limits: LimitsInForce = {
        var limits = LimitsInForce()
        for (index, limit) in ServiceLimit.allCases.enumerated() { limits[limit] = 1000 + index }
        return limits
    }()
    private let document = Discover.document(version: "1.2.3", socketPaths: ["/run/x.sock"], limits: limits)

    private func method(_ name: MethodName) throws -> JSONTree {
        try #require(document["methods"]?.elements.first { $0["name"]?.text == name.rawValue })
    }

    @Test func theDocumentIsOpenRPC() throws {
        #expect(document["openrpc"] == "1.3.2")
        #expect(document["info"]?["title"] == "imattrd")
        #expect(document["info"]?["version"] == "1.2.3")
        #expect(document["servers"]?.elements.first?["url"] == "unix:/run/x.sock")
        #expect(try JSONTree(json: document.json) == document)
    }

    @Test func everyMethodIsThere() {
        let names = document["methods"]?.elements.compactMap { $0["name"]?.text }
        #expect(names == MethodName.allCases.map(\.rawValue))
    }

    @Test(arguments: MethodName.allCases)
    func aMethodHasWhatOpenRPCRequires(name: MethodName) throws {
        let method = try method(name)
        #expect(method["summary"]?.text?.isEmpty == false)
        for descriptor in try #require(method["params"]).elements + [try #require(method["result"])] {
            #expect(descriptor["name"]?.text?.isEmpty == false)
            #expect(descriptor["schema"] != nil)
        }
        let optional = method["params"]?.elements.map { $0["required"] != true } ?? []
        #expect(optional == optional.sorted { !$0 && $1 }, "required params come first")
        // Some readers want a result of every method, and errors that are no references.
        #expect((method["result"]?["schema"]?["type"] == "null") == (name == .cancelRequest))
        #expect(method["errors"]?.elements.allSatisfy { $0["code"] != nil && $0["message"] != nil } ?? true)
        #expect((method["x-notification"] == true) == (name == .cancelRequest))
    }

    /// Generators make a type of each of them.
    @Test func everyNamedSchemaIsAnObject() throws {
        let schemas = try #require(document["components"]?["schemas"]).members
        #expect(schemas.count == 3)
        for schema in schemas { #expect(schema.value["type"] == "object", "\(schema.key)") }
    }

    @Test func everyErrorCodeIsThere() throws {
        let errors = try #require(document["components"]?["errors"]).members.map(\.value)
        let codes = Set(
            errors.compactMap { error -> Int? in
                guard case .number(let digits) = error["code"] else { return nil }
                return Int(digits)
            })
        let wanted = ErrorObject.StandardCode.allCases.map(\.rawValue) + KnownError.daemon.map(\.code)
        #expect(codes == Set(wanted))
        #expect(errors.count == wanted.count)
        for known in KnownError.daemon {
            let error = errors.first { $0["code"] == .integer(known.code) }
            #expect(error?["data"]?["retryable"] == .boolean(known.isRetryable))
        }
    }

    /// Codes that belong to a line and not to a method are told in the description of the whole.
    @Test func everyErrorIsSomeMethodsOrEveryLines() throws {
        let errors = try #require(document["methods"]).elements.flatMap { $0["errors"]?.elements ?? [] }
        let used = Set(errors.compactMap { $0["x-name"]?.text })
        let told = try #require(document["info"]?["description"]?.text)
        for error in KnownError.all {
            #expect(used.contains(error.name) || told.contains(error.name), "\(error)")
        }
    }

    @Test func everyLimitIsThere() throws {
        let limits = try #require(document["x-limits"])
        #expect(limits.members.map(\.key) == ServiceLimit.allCases.map(\.rawValue))
        for limit in ServiceLimit.allCases {
            #expect(limits[limit.rawValue]?["value"] == Self.limits[limit].map { .integer($0) })
        }
        #expect(limits["maxBatchLength"]?["value"] == .integer(Message.maximumBatchLength))
        #expect(limits["rateLimit"]?["configurable"] == true)
        #expect(limits["maxIdLength"]?["configurable"] == false)
    }

    @Test func limitsThatAreNotKnownAreLeftOut() {
        let document = Discover.document(version: "1", socketPaths: [], limits: LimitsInForce())
        #expect(document["x-limits"]?["rateLimit"] == nil)
        #expect(document["x-limits"]?["maxBatchLength"] != nil)
        let accounts = document["methods"]?.elements.first?["params"]?.elements.first
        #expect(accounts?["name"] == "To_Account")
        #expect(accounts?["schema"]?["maxItems"] == nil)
    }

    @Test func everyReferenceLeadsSomewhere() {
        func references(_ tree: JSONTree) -> [String] {
            [tree["$ref"]?.text].compactMap { $0 } + tree.members.flatMap { references($0.value) }
                + tree.elements.flatMap(references)
        }
        let all = Set(references(document))
        #expect(all.count >= 3)
        for reference in all {
            let found = reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
            #expect(found != .null, "\(reference)")
        }
    }

    @Test(arguments: MethodName.allCases)
    func examplesAreWhatTheSchemasSay(name: MethodName) throws {
        let method = try method(name)
        let check = SchemaCheck(document: document)
        for example in method["examples"]?.elements ?? [] {
            for param in example["params"]?.elements ?? [] {
                let schema = method["params"]?.elements.first { $0["name"] == param["name"] }?["schema"]
                #expect(check.faults(try #require(param["value"]), try #require(schema)) == [])
            }
            let result = try #require(example["result"]?["value"])
            #expect(check.faults(result, try #require(method["result"]?["schema"])) == [])
        }
    }

    // MARK: The description against the reading

    /// The bounds of each number: just inside is read, just outside is refused.
    @Test(arguments: [GetAttrs.timeoutMs, GetAttrs.maxAgeMs])
    func boundsAreThoseThatAreRead(param: IntegerParam) throws {
        let schema = try #require(
            try method(.getAttrs)["params"]?.elements.first { $0["name"]?.text == param.name.description }?["schema"])
        guard case .number(let least) = schema["minimum"], case .number(let most) = schema["maximum"] else {
            Issue.record("no bounds")
            return
        }
        let (low, high) = (try #require(Int(least)), try #require(Int(most)))
        for (value, isAllowed) in [(low, true), (low - 1, false), (high, true), (high + 1, false)] {
            let error = try GetAttrsParamsTests.error(#"{"To_Account":["a"],"\#(param.name)":\#(value)}"#)
            #expect((error == nil) == isAllowed, "\(param.name) \(value)")
        }
    }

    @Test func defaultsAreThoseThatAreRead() throws {
        let params = try GetAttrsParamsTests.read(#"{"To_Account":[]}"#)
        let described = try #require(try method(.getAttrs)["params"]).elements.map { $0["schema"]?["default"] }
        #expect(
            described == [
                nil, .integer(params.timeoutMs), .integer(params.maxAgeMs), .boolean(params.partial),
            ])
    }

    @Test func theMostAccountsAreThoseThatAreRead() throws {
        let accounts = try #require(try method(.getAttrs)["params"]?.elements.first)
        #expect(accounts["schema"]?["maxItems"] == Self.limits[.maxAccountsPerRequest].map { .integer($0) })
        let error = try GetAttrsParamsTests.error(#"[["a","b"]]"#, maxAccounts: 1)
        #expect(error?.limit?.name == ServiceLimit.maxAccountsPerRequest.rawValue)
    }

    /// Params by position are in the order of the description.
    @Test func namesAndOrderAreThoseThatAreRead() throws {
        let names = try #require(try method(.getAttrs)["params"]).elements.compactMap { $0["name"]?.text }
        for (index, name) in names.enumerated() {
            let values = (0...index).map { $0 == index ? "{}" : ["[]", "1", "1", "true"][$0] }
            #expect(try GetAttrsParamsTests.error("[" + values.joined(separator: ",") + "]")?.path == name)
            #expect(try GetAttrsParamsTests.error(#"{"\#(name)":{}}"#)?.path == name)
        }
    }

    // MARK: Errors

    @Test func aFullErrorIsDescribed() throws {
        var error = ErrorObject(.overloaded, "text")
        error.errorInfo = "x"
        error.attempts = 1
        error.retryAfterMs = 1
        error.path = "p"
        error.rule = "r"
        error.limit = .init("maxConnections", 1)
        error.fetched = 1
        error.failed = [Array(#"{"To_Account":"a","ErrorCode":1,"ErrorInfo":"x"}"#.utf8)]
        error.callID = "c"
        error.random = 1
        error.clockSkewSeconds = -1
        var json = JSONWriter()
        error.write(to: &json)
        let data = try #require(try JSONTree(json: json.bytes)["data"])
        let schema = try #require(document["components"]?["schemas"]?["ErrorData"])
        #expect(SchemaCheck(document: document).faults(data, schema) == [])
        let described = Set(try #require(schema["properties"]).members.map(\.key))
        #expect(Set(data.members.map(\.key)) == described, "every field of an error is written and described")
        for error in KnownError.all { #expect(described.isSuperset(of: error.members), "\(error)") }
    }
}
