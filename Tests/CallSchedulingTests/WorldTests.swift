import AttributeValues
import Glibc
import Testing

@testable import CallScheduling

/// Callers that come, ask, cancel and vanish, and an upstream that fails in every way, for many seeds. Every request
/// ends exactly once and in time, with a right answer or a right error, and no state is left behind.
///
/// `SIMULATION_SEEDS` says how many seeds to run, `SIMULATION_SEED` the first one.
@Suite struct WorldTests {
    private static let seeds: ClosedRange<UInt64> = {
        let first = number("SIMULATION_SEED") ?? 1
        return first...first + (number("SIMULATION_SEEDS") ?? 8) - 1
    }()

    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    /// Seeds that have failed once: calls that no request waited for, failures remembered for ever, a wake-up that was lost.
    @Test(arguments: [1185, 1345, 1912, 66, 253, 764, 1811, 51048, 51406, 52291, 174] as [UInt64])
    func whatHasFailedOnceDoesSoNoMore(seed: UInt64) {
        var world = World(.anything(seed: seed), seed: seed)
        world.run()
        #expect(world.problems.isEmpty)
    }

    /// A search that had lost a suspect tested the others as a whole for ever.
    @Test(arguments: [723] as [UInt64]) func whatHasFailedOnceWithAccountsAtFaultDoesSoNoMore(seed: UInt64) {
        var world = World(.poisoned(seed: seed), seed: seed)
        world.run()
        #expect(world.problems.isEmpty)
    }

    @Test func everyRequestEndsOnceAndRight() {
        for seed in Self.seeds {
            var world = World(.anything(seed: seed), seed: seed)
            world.run()
            #expect(world.problems.isEmpty, "seed \(seed): \("\(world.problems)".prefix(700))")
        }
    }

    @Test func noRequestFailsForAnothersAccount() {
        var answered = 0
        for seed in Self.seeds {
            var world = World(.poisoned(seed: seed), seed: seed)
            world.run()
            #expect(world.problems.isEmpty, "seed \(seed): \("\(world.problems)".prefix(700))")
            answered += world.outcomes["answered", default: 0]
        }
        #expect(answered > Self.seeds.count * 50)
    }
}
