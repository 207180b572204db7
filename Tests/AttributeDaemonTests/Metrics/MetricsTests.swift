import AttributeAPI
import AttributeDaemon
import DaemonConfiguration
import Glibc
import Testing
import UpstreamSandbox

/// What a daemon's metrics say after things have happened to it.
@Suite(.timeLimit(.minutes(15))) struct MetricsTests {
    private func body(_ client: LineClient) async throws -> String {
        let answer = try await client.ask(#"{"jsonrpc":"2.0","id":"m","method":"getMetrics"}"#)
        #expect(answer.result?["contentType"] as? String == GetMetrics.contentType)
        return try #require(answer.result?["body"] as? String)
    }

    private func metrics(_ client: LineClient) async throws -> OpenMetricsParser {
        try OpenMetricsParser(try await body(client))
    }

    private func requests(_ metrics: OpenMetricsParser, _ method: String, _ outcome: String) -> Double? {
        metrics.value("imattrd_requests_total", ["method": method, "outcome": outcome])
    }

    @Test func everyFamilyIsThereWithItsLabels() async throws {
        try await DaemonUnderTest.run(resources: .ofThisProcess(), administrator: geteuid()) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            _ = try await test.daemon.reload()
            let families = try await metrics(client).families
            #expect(families.map(\.name) == Metric.allCases.map(\.name))
            for (family, metric) in zip(families, Metric.allCases) {
                #expect(family.type == metric.type.rawValue)
                #expect(family.unit == metric.unit)
                #expect(family.help == metric.help)
                // Only what has not happened has no sample.
                let mayBeEmpty: Set<Metric> = [
                    .linesRefused, .ruleRequests, .ruleAccounts, .ruleRefusals, .userUnansweredAccounts,
                ]
                #expect(!family.samples.isEmpty || mayBeEmpty.contains(metric), "\(metric)")
                for sample in family.samples {
                    #expect(Set(sample.labels.keys).isSubset(of: metric.labels), "\(sample)")
                }
            }
        }
    }

    @Test func whatHappenedIsCounted() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(90001), account: "bad")] }) { test in
            let client = try await test.connect()
            for _ in 0..<3 { _ = try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#) }
            _ = try await client.getAttrs(["a", "b", "a"])
            _ = try await client.getAttrs(["bad"])
            _ = try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":[]}"#)
            _ = try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"nonsense"}"#)
            _ = try await client.ask("no JSON")
            try await client.send(#"{"jsonrpc":"2.0","method":"ping"}"#)
            let metrics = try await metrics(client)
            #expect(requests(metrics, "ping", "ok") == 3)
            #expect(requests(metrics, "getAttrs", "ok") == 1)
            #expect(requests(metrics, "getAttrs", "90001") == 1)
            #expect(requests(metrics, "getAttrs", "-32602") == 1)
            #expect(requests(metrics, "unknown", "-32601") == 1)
            #expect(metrics.value("imattrd_lines_refused_total", ["code": "-32700"]) == 1)
            #expect(metrics.value("imattrd_notifications_total") == 1)
            #expect(metrics.value("imattrd_requested_accounts_total") == 3)
            #expect(metrics.value("imattrd_request_duration_seconds_count") == 2)
            #expect(metrics.value("imattrd_upstream_calls_total", ["outcome": "ok"]) == 1)
            #expect(metrics.value("imattrd_upstream_calls_total", ["outcome": "90001"]) == 1)
            #expect(metrics.value("imattrd_upstream_call_duration_seconds_count") == 2)
            #expect(metrics.value("imattrd_upstream_call_accounts_sum") == 3)
            #expect(metrics.value("imattrd_upstream_call_accounts_bucket", ["le": "1.0"]) == 1)
            #expect(metrics.value("imattrd_connections") == 1)
            #expect(metrics.value("imattrd_rate_limit") == 100)
            #expect(metrics.value("imattrd_state", ["imattrd_state": "ready"]) == 1)
            #expect(metrics.value("imattrd_state", ["imattrd_state": "degraded"]) == 0)
            #expect(try #require(metrics.value("imattrd_usersig_expiry_timestamp_seconds")) > 1_700_000_000)
            #expect(try #require(metrics.value("imattrd_process_start_time_seconds")) > 1_700_000_000)
            #expect(metrics.value("imattrd_config_last_reload_successful") == nil)
        }
    }

    @Test func answersFromMemoryAreCounted() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["a"])
            let again = #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["a"],"maxAgeMs":60000}}"#
            _ = try await client.ask(again)
            let metrics = try await metrics(client)
            #expect(metrics.value("imattrd_requests_from_memory_total") == 1)
            #expect(metrics.value("imattrd_held_answers") == 1)
            #expect(try #require(metrics.value("imattrd_held_bytes")) > 0)
            #expect(metrics.value("imattrd_upstream_calls_total", ["outcome": "ok"]) == 1)
        }
    }

    @Test func whoWaitsAndWhoGivesUpIsSeen() async throws {
        let sandbox: (inout SandboxConfiguration) -> Void = { $0.faults = [DaemonUnderTest.occupying] }
        try await DaemonUnderTest.run(sandbox: sandbox, flags: DaemonUnderTest.occupied) { test in
            let client = try await test.connect()
            try await test.occupy(client)
            #expect(try await client.getAttrs(["c"], timeoutMs: 1).code == -32001)
            try await client.send(try LineClient.getAttrs(["a", "b"], id: 7))
            try await test.waitForRequests(1)
            let waiting = try await metrics(client)
            #expect(waiting.value("imattrd_queue_requests") == 1)
            #expect(waiting.value("imattrd_queue_accounts") == 2)
            #expect(waiting.value("imattrd_calls_under_way") == 1)
            #expect(waiting.value("imattrd_calls_under_way_limit") == 1)
            #expect(waiting.value("imattrd_slots_held") == 1)
            #expect(requests(waiting, "getAttrs", "-32001") == 1)
            #expect(requests(waiting, "getAttrs", "withdrawn") == 1)
            try await client.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"#)
            #expect(try await client.nextObject().code == -32800)
            let afterwards = try await metrics(client)
            #expect(requests(afterwards, "getAttrs", "withdrawn") == 2)
            #expect(afterwards.value("imattrd_queue_accounts") == 0)
            #expect(afterwards.value("imattrd_queue_oldest_wait_seconds") == 0)
        }
    }

    @Test func refusedConnectionsAndReloadsAreCounted() async throws {
        try await DaemonUnderTest.run(flags: [.maxConnections: "1"]) { test in
            let client = try await test.connect()
            _ = try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
            #expect(try await test.connect().nextObject().code == -32000)
            test.set(.rateLimit, "many")
            #expect(try await !test.daemon.reload().succeeded)
            let metrics = try await metrics(client)
            #expect(metrics.value("imattrd_connections_refused_total", ["limit": "maxConnections"]) == 1)
            #expect(metrics.value("imattrd_connections_accepted_total") == 1)
            #expect(metrics.value("imattrd_connections_displaced_total", ["limit": "maxBufferedBytes"]) == 0)
            #expect(metrics.value("imattrd_descriptor_shortages_total") == 0)
            #expect(metrics.value("imattrd_config_last_reload_successful") == 0)
            #expect(try #require(metrics.value("imattrd_config_last_reload_timestamp_seconds")) > 1_700_000_000)
        }
    }

    @Test func aMisconfiguredDaemonHasMetricsToo() async throws {
        try await DaemonUnderTest.run(flags: [.rateLimit: "0"]) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            let metrics = try await metrics(client)
            #expect(metrics.families.map(\.name) == Metric.allCases.map(\.name))
            #expect(metrics.value("imattrd_state", ["imattrd_state": "misconfigured"]) == 1)
            #expect(requests(metrics, "getAttrs", "-32005") == 1)
            #expect(metrics.value("imattrd_rate_limit") == nil)
        }
    }

    /// A limit that nothing is compared with raises no alarm: each is the one in force, in the unit of its use.
    @Test func eachBoundIsBesideItsUse() async throws {
        let sandbox: (inout SandboxConfiguration) -> Void = { $0.faults = [DaemonUnderTest.occupying] }
        let flags: [ConfigurationKey: String] = [
            .maxConnections: "40", .maxConnectionsPerUid: "30", .maxQueuedAccounts: "2000",
            .maxQueuedAccountsPerUid: "1000", .maxAccountsPerRequest: "100", .maxBufferedBytes: "8388608",
            .cacheMaxBytes: "4096",
        ]
        let occupied = flags.merging(DaemonUnderTest.occupied) { $1 }
        try await DaemonUnderTest.run(sandbox: sandbox, flags: occupied, administrator: geteuid()) { test in
            let client = try await test.connect()
            try await test.occupy(client)
            try await client.send(try LineClient.getAttrs(["a", "b"], id: 7))
            try await test.waitForRequests(1)
            let metrics = try await metrics(client)
            for (name, value) in [
                ("connections_limit", 40), ("user_connections_limit", 30), ("unanswered_accounts_limit", 2000),
                ("user_unanswered_accounts_limit", 1000), ("buffered_limit_bytes", 8_388_608),
                ("held_limit_bytes", 4096), ("unanswered_accounts", 2), ("line_bytes", 0),
            ] {
                #expect(metrics.value("imattrd_" + name) == Double(value), "\(name)")
            }
            let uid = ["uid": "\(geteuid())"]
            #expect(metrics.value("imattrd_user_connections", uid) == metrics.value("imattrd_connections"))
            #expect(metrics.value("imattrd_user_unanswered_accounts", uid) == 2)
            #expect(
                metrics.value("imattrd_user_requested_accounts_total", uid)
                    == metrics.value("imattrd_requested_accounts_total"))
            try await client.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"#)
            #expect(try await client.nextObject().code == -32800)
        }
    }

    @Test func nobodysNameIsInIt() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["somebody-special", "Zhang Xiaohong"])
            let text = try await body(client)
            for secret in ["somebody-special", "Zhang", "New York", SandboxConfiguration.madeUpSecretKey, "usersig="] {
                #expect(!text.contains(secret))
            }
            #expect(!text.contains("uid"))
        }
    }
}
