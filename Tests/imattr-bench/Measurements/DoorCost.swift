/// What a request costs that needs no call, beside a bare epoll loop and asyncio.
struct DoorCost: Measurement {
    init(seconds: Int?) {}

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let comparisons = try await Comparisons.prepare(in: folder)
        let floor = try await comparisons.floor()
        defer { floor.end() }
        let asyncio = try await comparisons.asyncio()
        defer { asyncio.end() }
        try await FastRig.with { rig in
            for (depth, count, target) in [(1, 60_000, 1.8), (16, 400_000, 3.5)] {
                let load = PlainLoad(Array(repeating: Request.ping, count: 16), depth: depth)
                let costs = try await Trial.alternate([
                    Trial(rig.daemon, load, count: count), Trial(floor, load, count: count),
                    Trial(asyncio, load, count: count / 5),
                ]).map(\.processorTime)
                tell(
                    Section(
                        title: "door: ping, 16 connections × \(depth) under way, processor time a request",
                        findings: [
                            Finding("imattrd", costs[0], "µs"), Finding("bare epoll loop in C", costs[1], "µs"),
                            Finding("asyncio with orjson", costs[2], "µs"),
                            Finding("imattrd ÷ bare epoll loop", costs[0] / costs[1], .atMost(target)),
                            Finding("asyncio ÷ bare epoll loop", costs[2] / costs[1]),
                        ]))
            }
            let held = PlainLoad(
                (0..<16).map { Request.getAttrs(["held-\($0)"], maxAgeMs: 3_600_000) })
            let ping = PlainLoad(Array(repeating: Request.ping, count: 16))
            let costs = try await Trial.alternate([
                Trial(rig.daemon, held, count: 40_000), Trial(rig.daemon, ping, count: 40_000),
            ]).map(\.processorTime)
            tell(
                Section(
                    title: "memory: getAttrs of one account that is held, 16 connections, processor time a request",
                    findings: [
                        Finding("getAttrs", costs[0], "µs"), Finding("ping", costs[1], "µs"),
                        Finding("getAttrs ÷ ping", costs[0] / costs[1], .atMost(1.5)),
                    ]))
        }
    }
}
