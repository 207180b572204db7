import Glibc
import Testing

@testable import CallScheduling

/// Callers who always want more, a scheduler, and a server that counts what arrives: however the network behaves, no
/// second at the server sees more calls than allowed.
///
/// `SIMULATION_CALLS` says how many calls each network gets, `SIMULATION_SEED` where the numbers start. The long run:
/// `SIMULATION_CALLS=60000 swift test -c release -Xswiftc -enable-testing --filter ServerLimitTests`.
@Suite struct ServerLimitTests {
    static let calls = number("SIMULATION_CALLS") ?? 1500
    static let seed = UInt64(number("SIMULATION_SEED") ?? 1)

    static let networks = [
        SimulatedNetwork(name: "constant", out: .constant(0.02), back: .constant(0.02)),
        SimulatedNetwork(
            name: "exponential jitter", out: .exponential(least: 0.02, mean: 0.002),
            back: .exponential(least: 0.02, mean: 0.002)),
        SimulatedNetwork(
            name: "strong jitter", out: .exponential(least: 0.05, mean: 0.02),
            back: .exponential(least: 0.05, mean: 0.02)),
        SimulatedNetwork(
            name: "heavy tail", out: .heavyTailed(least: 0.01, most: 4), back: .heavyTailed(least: 0.01, most: 4)),
        SimulatedNetwork(name: "reordering", out: .uniform(0...0.9), back: .uniform(0...0.9)),
        SimulatedNetwork(
            name: "slow then quick", out: .alternating(slow: 0.95, quick: 0, period: 50), back: .constant(0)),
        SimulatedNetwork(
            name: "slow way back", out: .constant(0), back: .alternating(slow: 1.5, quick: 0, period: 100)),
        SimulatedNetwork(
            name: "losses", out: .exponential(least: 0.02, mean: 0.01), back: .exponential(least: 0.02, mean: 0.01),
            lost: 0.1, refused: 0.05),
        SimulatedNetwork(
            name: "a slow server clock", out: .uniform(0...0.3), back: .uniform(0...0.3), serverClock: 0.999),
        SimulatedNetwork(
            name: "a quick server clock", out: .uniform(0...0.3), back: .uniform(0...0.3), serverClock: 1.001),
        SimulatedNetwork(name: "no delay at all", out: .constant(0), back: .constant(0)),
    ]

    /// Networks whose least delay shows in twenty calls, as the credit assumes.
    static let steady =
        networks.filter { ["constant", "exponential jitter", "strong jitter", "losses"].contains($0.name) }
        + [
            // Falls by a fifth every thousand calls, and rises again.
            SimulatedNetwork(
                name: "least delay falls by a fifth", out: .alternating(slow: 0.05, quick: 0.04, period: 1000),
                back: .alternating(slow: 0.05, quick: 0.04, period: 1000)),
            SimulatedNetwork(
                name: "slow server clock", out: .exponential(least: 0.04, mean: 0.005),
                back: .exponential(least: 0.01, mean: 0.005), serverClock: 0.999),
            SimulatedNetwork(
                name: "quick server clock", out: .exponential(least: 0.04, mean: 0.005),
                back: .exponential(least: 0.01, mean: 0.005), serverClock: 1.001),
        ]

    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    @Test(arguments: networks, [1, 7, 100])
    func noSecondAtTheServerSeesMoreThanTheLimit(_ network: SimulatedNetwork, limit: Int) {
        var simulation = Simulation(network, limit: limit, seed: Self.seed)
        simulation.run(calls: limit == 100 ? Self.calls : Self.calls / 10)
        #expect(simulation.server.worstSecond <= limit, "seed \(Self.seed)")
        #expect(simulation.server.worstCalendarSecond <= limit, "seed \(Self.seed)")
        #expect(simulation.maximumUnderWay <= Simulation.inFlight)
    }

    @Test(arguments: steady, [0.5, 0.75])
    func theCreditKeepsTheLimitWhereTheLeastRoundTripFallsByNoMore(_ network: SimulatedNetwork, credit: Double) {
        var simulation = Simulation(network, limit: 100, credit: credit, seed: Self.seed)
        simulation.run(calls: Self.calls)
        #expect(simulation.server.worstSecond <= 100, "seed \(Self.seed)")
    }

    @Test(arguments: networks)
    func aProcessThatWasKilledIsRememberedByItsSuccessor(_ network: SimulatedNetwork) {
        var simulation = Simulation(network, limit: 100, seed: Self.seed)
        var generator = SeededGenerator(seed: Self.seed &+ 1)
        var left = Self.calls
        while left > 0 {
            let calls = 1 + Int(generator.unit() * 300)
            simulation.run(calls: calls)
            left -= calls
            if generator.unit() < 0.8 { simulation.killAndRestart() } else { simulation.killAndForget() }
        }
        #expect(simulation.server.worstSecond <= 100, "seed \(Self.seed)")
    }

    @Test(arguments: [(0.0, 93.0), (0.75, 97.5)])
    func aSaturatedLimitIsUsedWell(credit: Double, atLeast: Double) {
        var simulation = Simulation(Self.networks[1], limit: 100, credit: credit, seed: 42)
        simulation.run(calls: 12_000)
        #expect(Double(simulation.started) / (simulation.elapsed - 1) > atLeast)
    }

    /// The same measure finds fault with limiters that look at what leaves.
    @Test func otherLimitersExceedTheLimitUnderJitter() {
        for network in [Self.networks[1], Self.networks[2]] {
            var bucket = TokenBucket(rate: 100)
            #expect(bucket.worstSecond(network, calls: 6000, seed: Self.seed) > 150)
            var spacing = EvenSpacing(rate: 100)
            #expect(spacing.worstSecond(network, calls: 6000, seed: Self.seed) > 100)
            var log = LogOfSends(rate: 100)
            #expect(log.worstSecond(network, calls: 6000, seed: Self.seed) > 100)
        }
    }
}
