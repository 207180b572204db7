/// What a request costs that needs a call, beside nginx as a proxy that signs and limits.
struct ForwardedCall: Measurement {
    init(seconds: Int?) {}

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let comparisons = try await Comparisons.prepare(in: folder)
        try await FastRig.with { rig in
            let nginx = try await comparisons.nginx(rig.sandbox.ready, rate: FastRig.rate)
            defer { nginx.end() }
            let alone = try await Trial.alternate([
                Trial(rig.daemon, PlainLoad([Request.getAttrs(["a"])]), count: 2000),
                Trial(nginx, PlainLoad([Request.http("a")]), count: 2000),
            ])
            tell(
                Section(
                    title: "call: getAttrs of one account, one request under way",
                    findings: [
                        Finding("imattrd, p50", alone[0].wait, "µs", decimals: 0),
                        Finding("nginx, p50", alone[1].wait, "µs", decimals: 0),
                        Finding("imattrd ÷ nginx, p50", alone[0].wait / alone[1].wait, .atMost(1.25)),
                        Finding("imattrd, processor time", alone[0].processorTime, "µs", decimals: 0),
                        Finding("nginx, processor time", alone[1].processorTime, "µs", decimals: 0),
                        Finding(
                            "imattrd ÷ nginx, processor time", alone[0].processorTime / alone[1].processorTime,
                            .atMost(1.5)),
                    ]))

            let names = (0..<16).map { "a\($0)" }
            let many = try await Trial.alternate([
                Trial(rig.daemon, PlainLoad(names.map { Request.getAttrs([$0]) }), count: 24_000),
                Trial(nginx, PlainLoad(names.map(Request.http)), count: 24_000),
            ]).map(\.processorTime)
            tell(
                Section(
                    title: "calls: getAttrs of one account each, 16 connections, processor time a request",
                    findings: [
                        Finding("imattrd", many[0], "µs"), Finding("nginx", many[1], "µs"),
                        Finding("imattrd ÷ nginx", many[0] / many[1], .atMost(1)),
                    ]))

            // A difference is less steady than a ratio; and one request under way shares with none.
            let full = try await Trial.alternate(
                [
                    Trial(rig.daemon, PlainLoad([Request.getAttrs((0..<100).map { "a\($0)" })]), count: 2000),
                    Trial(rig.daemon, PlainLoad([Request.getAttrs(["a"])]), count: 2000),
                ], turns: 40
            ).map(\.processorTime)
            tell(
                Section(
                    title: "full call: processor time of getAttrs, one request under way",
                    findings: [
                        Finding("100 accounts", full[0], "µs", decimals: 0),
                        Finding("1 account", full[1], "µs", decimals: 0),
                        Finding("what 99 accounts more add", full[0] - full[1], "µs", decimals: 0, .atMost(100)),
                    ]))
        }
    }
}
