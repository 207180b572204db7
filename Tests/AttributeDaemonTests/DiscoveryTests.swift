import AttributeAPI
import AttributeDaemon
import DaemonConfiguration
import Glibc
import SchemaCheck
import Testing
import UpstreamSandbox

/// What the daemon serves is what its OpenRPC document says of it.
@Suite(.timeLimit(.minutes(15))) struct DiscoveryTests {
    private func answer(_ client: LineClient, _ method: MethodName, _ params: String = "[]") async throws -> JSONTree {
        try await client.send(#"{"jsonrpc":"2.0","id":1,"method":"\#(method.rawValue)","params":\#(params)}"#)
        return try JSONTree(json: Array(try #require(await client.next()).utf8))
    }

    private func discover(_ client: LineClient) async throws -> JSONTree {
        try #require(try await answer(client, .discover)["result"])
    }

    /// What the document does not say of an answer.
    private func faults(_ result: JSONTree?, of method: MethodName, _ document: JSONTree) throws -> [String] {
        let described = document["methods"]?.elements.first { $0["name"]?.text == method.rawValue }
        let schema = try #require(described?["result"]?["schema"])
        return SchemaCheck(document: document).faults(try #require(result), schema)
    }

    @Test func everyResultIsAsDescribed() async throws {
        let unknown: (inout SandboxConfiguration) -> Void = { $0.unknownAccounts = .errorList }
        try await DaemonUnderTest.run(sandbox: unknown, administrator: geteuid()) { test in
            let client = try await test.connect()
            let document = try await discover(client)
            #expect(document["servers"]?.elements.first?["url"]?.text == "unix:\(test.socketPath)")
            let params = #"{"To_Account":["Zhang Xiaohong","nobody there"]}"#
            let attrs = try await answer(client, .getAttrs, params)["result"]
            #expect(try faults(attrs, of: .getAttrs, document) == [])
            _ = try await test.daemon.reload()
            for method in MethodName.allCases where ![.getAttrs, .cancelRequest].contains(method) {
                let params = method == .setLogLevel ? #"["debug"]"# : "[]"
                #expect(
                    try faults(try await answer(client, method, params)["result"], of: method, document) == [],
                    "\(method)")
            }
        }
    }

    /// With a failure behind it, the status says more.
    @Test func theStatusAfterAFailureIsAsDescribed() async throws {
        try await DaemonUnderTest.run(key: "some-other-key") { test in
            let client = try await test.connect()
            let document = try await discover(client)
            let refusal = try #require(try await answer(client, .getAttrs, #"[["abc"]]"#)["error"])
            let schema = try #require(document["components"]?["schemas"]?["ErrorData"])
            #expect(SchemaCheck(document: document).faults(try #require(refusal["data"]), schema) == [])
            let status = try await answer(client, .getStatus)["result"]
            #expect(status?["upstream"]?["lastError"] != nil)
            #expect(try faults(status, of: .getStatus, document) == [])
        }
    }

    @Test func limitsAreThoseInForce() async throws {
        let flags: [ConfigurationKey: String] = [.maxAccountsPerRequest: "7", .maxConnections: "99"]
        try await DaemonUnderTest.run(flags: flags) { test in
            let client = try await test.connect()
            let limits = try #require(try await discover(client)["x-limits"])
            #expect(limits.members.map(\.key) == ServiceLimit.allCases.map(\.rawValue))
            #expect(limits["maxAccountsPerRequest"]?["value"] == 7)
            #expect(limits["maxConnections"]?["value"] == 99)
            test.set(.maxAccountsPerRequest, "8")
            _ = try await test.daemon.reload()
            let method = try await discover(client)["methods"]?.elements.first { $0["name"] == "getAttrs" }
            #expect(method?["params"]?.elements.first?["schema"]?["maxItems"] == 8)
        }
    }

    @Test func aMisconfiguredDaemonDescribesItselfToo() async throws {
        try await DaemonUnderTest.run(flags: [.rateLimit: "0", .maxConnections: "99"]) { test in
            let client = try await test.connect()
            let document = try await discover(client)
            #expect(document["methods"]?.elements.count == MethodName.forCallers.count)
            #expect(document["x-limits"]?["maxConnections"]?["value"] == 99)
            #expect(document["x-limits"]?["rateLimit"] == nil)
            #expect(try faults(try await answer(client, .getStatus)["result"], of: .getStatus, document) == [])
        }
    }

    /// Each bound that can be configured and met is told: a new key of the configuration must be thought of here.
    @Test func everyKeyThatIsALimitIsTold() {
        let others: Set<ConfigurationKey> = [
            .sdkAppId, .admin, .secretKeyFile, .signerSocket, .region, .upstreamUrl, .upstreamCaFile, .roundTripCredit,
            .audit, .userSigTtlSeconds, .idleExitSeconds, .allow, .rules, .logLevel, .logFormat, .metricsListen,
        ]
        for key in ConfigurationKey.allCases {
            #expect((ServiceLimit(rawValue: key.rawValue) != nil) != others.contains(key), "\(key)")
        }
        for limit in ServiceLimit.allCases where limit.fixedValue == nil {
            #expect(ConfigurationKey(rawValue: limit.rawValue) != nil, "\(limit)")
        }
    }
}
