import DaemonConfiguration
import Glibc
import Testing

@testable import AttributeDaemon

/// How descriptors and memory are divided.
@Suite struct ResourceTests {
    private static let usual = (inFlight: 64, connections: 4096)

    private func budget(_ limit: Int, inFlight: Int = usual.inFlight) -> DescriptorBudget {
        DescriptorBudget(limit: limit, maxInFlight: inFlight, maxConnections: Self.usual.connections)
    }

    @Test(arguments: [4224, 16384, ResourceLimits.ample.descriptors])
    func enoughDescriptorsChangeNothing(limit: Int) {
        let budget = budget(limit)
        #expect(budget.connections == 4096 && budget.inFlight == 64)
        #expect(budget.upstream == 72 && budget.metrics == MetricsServer.maximumConnections)
        #expect(budget.shortage == nil)
    }

    @Test func callersGetWhatIsLeft() {
        let budget = budget(1024)
        #expect(budget.connections == 1024 - 24 - 72 - 32)
        #expect(budget.inFlight == 64)
        #expect(budget.shortage?.contains("maxConnections 4096 becomes 896;") == true)
    }

    @Test func fewAreSharedByAll() {
        let budget = budget(64)
        #expect(budget.connections == 20 && budget.upstream == 15 && budget.metrics == 5)
        #expect(budget.inFlight == 12)
        #expect(budget.shortage?.contains("maxConnections 4096 becomes 20 and maxInFlight 64 becomes 12;") == true)
        for part in ["64 file descriptors: 20 for callers", "15 for the upstream", "5 for metrics", "24 for "] {
            #expect(budget.summary.contains(part))
        }
    }

    /// Whatever the limit is, the parts fit into it, and calls into the upstream's part.
    @Test(arguments: [1, 64, 10000])
    func thePartsFit(inFlight: Int) {
        var last = 0
        for limit in 32...12000 {
            let budget = budget(limit, inFlight: inFlight)
            #expect(DescriptorBudget.own + budget.connections + budget.upstream + budget.metrics <= limit)
            #expect(budget.inFlight <= budget.upstream && budget.inFlight >= 1)
            #expect(budget.connections >= last)
            last = budget.connections
        }
    }

    @Test func evenNoDescriptorsLeaveOne() {
        #expect(budget(0).connections == 1 && budget(0).inFlight == 1)
    }

    // MARK: Memory

    private let memory = MemoryBudget(
        maxBufferedBytes: 128 << 20, cacheMaxBytes: 32 << 20, maxQueuedAccounts: 300_000)

    @Test func theDefaultBoundsAddUpToLessThan600Mebibytes() {
        #expect(memory.bytes == (16 + 256 + 32) << 20 + 300_000 * 1024)
        #expect(memory.bytes <= 600 << 20)
        #expect(memory.summary(nil) == "memory: the bounds add up to 597 MiB, and there is no limit")
        #expect(memory.shortage(nil) == nil)
    }

    @Test func aLimitBelowTheSumIsNamedWithItsNumbers() throws {
        let limit = MemoryLimit(bytes: 512 << 20, origin: "/g/memory.max")
        let shortage = try #require(memory.shortage(limit))
        for part in ["maxBufferedBytes", "597 MiB", "/g/memory.max is 512 MiB"] { #expect(shortage.contains(part)) }
        #expect(memory.shortage(MemoryLimit(bytes: memory.bytes, origin: "f")) == nil)
        #expect(memory.summary(limit).hasSuffix("the limit is 512 MiB (/g/memory.max)"))
    }

    private func lowest(_ groups: String, _ files: [String: String]) -> MemoryLimit? {
        MemoryLimit.lowest(groups: groups, root: "/c") { files[$0] }
    }

    @Test func theLeastLimitOfAllGroupsAboveCounts() {
        let files = [
            "/c/a/b/memory.max": "max\n", "/c/a/b/memory.high": "900\n", "/c/a/memory.max": "800\n",
            "/c/a/memory.high": "max\n", "/c/memory.max": "9000\n",
        ]
        #expect(lowest("0::/a/b\n", files) == MemoryLimit(bytes: 800, origin: "/c/a/memory.max"))
        #expect(lowest("0::/a/b\n", files.filter { $0.key != "/c/a/memory.max" })?.origin == "/c/a/b/memory.high")
        #expect(lowest("0::/\n", files) == MemoryLimit(bytes: 9000, origin: "/c/memory.max"))
    }

    @Test func withoutALimitThereIsNone() {
        #expect(lowest("0::/a\n", ["/c/a/memory.max": "max\n", "/c/a/memory.high": "nonsense"]) == nil)
        #expect(lowest("0::/a\n", [:]) == nil)
        #expect(lowest("", ["/c/memory.max": "1"]) == nil)
        // Version 1 only.
        #expect(lowest("4:memory:/a\n1:cpu:/\n", ["/c/a/memory.max": "1"]) == nil)
    }

    @Test func groupsOfVersion1AreLeftOut() {
        #expect(lowest("4:memory:/x\n0::/a\n", ["/c/a/memory.max": "5", "/c/x/memory.max": "1"])?.bytes == 5)
    }

    @Test func thisProcessHasLimits() throws {
        let limits = ResourceLimits.ofThisProcess()
        #expect(limits.descriptors > 8)
        let machine = sysconf(CInt(_SC_PHYS_PAGES)) * sysconf(CInt(_SC_PAGESIZE))
        #expect(try #require(limits.memory).bytes <= machine)
    }

    /// Without groups, what the machine has is the limit.
    @Test func boundsAreComparedWithTheMachine() throws {
        let limit = try #require(MemoryLimit.ofThisProcess { _ in nil })
        let shortage = try #require(
            MemoryBudget(maxBufferedBytes: 1 << 40, cacheMaxBytes: 1 << 40, maxQueuedAccounts: 1).shortage(limit))
        #expect(shortage.contains("can add up to 3145745 MiB, and \(limit.origin) is "))
        #expect(shortage.hasSuffix("; lower them, or \(limit.remedy)"))
    }
}

/// A daemon divides what it has, and says so.
@Suite(.timeLimit(.minutes(1))) struct FewDescriptorsTests {
    @Test func connectionsAreLimitedToWhatIsLeftAndOneLineSaysSo() async throws {
        try await DaemonUnderTest.run(resources: ResourceLimits(descriptors: 64)) { test in
            var clients: [LineClient] = []
            // One user may have half of the twenty.
            for _ in 0..<10 {
                clients.append(try await test.connect())
                #expect(try await clients[clients.count - 1].getAttrs(["abc"]).answered == ["abc"])
            }
            for _ in 0..<5 {
                let refusal = try await test.connect().nextObject()
                #expect(refusal.code == -32000)
                #expect(refusal.data?["limitName"] as? String == "maxConnections")
                #expect(refusal.data?["limit"] as? Int == 20)
            }
            #expect(test.log.lines.count { $0.contains("connection refused") } == 1)
            let told = test.log.lines.filter { $0.contains("too few file descriptors") }
            #expect(told.count == 1 && told[0].hasPrefix("warning"))
            #expect(test.log.lines.count { $0.contains("64 file descriptors: 20 for callers") } == 1)
            try await clients[0].close()
            while try await test.connect().ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).code != nil {}
        }
    }

    @Test func aReloadDividesAnew() async throws {
        try await DaemonUnderTest.run(resources: ResourceLimits(descriptors: 64)) { test in
            test.set(.maxConnections, "10")
            #expect(try await test.daemon.reload().succeeded)
            #expect(test.log.lines.contains { $0.contains("64 file descriptors: 10 for callers") })
            let limiter = try await test.status()["limiter"] as? [String: Any]
            #expect(limiter?["maxInFlight"] as? Int == 12)
        }
    }
}
