import Testing

@testable import imattr_bench

struct PatienceTests {
    @Test func whatIsThereWhenTimeIsUpIsFound() async throws {
        #expect(try await Patience.wait(for: "it", .zero) { 1 } == 1)
        #expect(try await Patience.wait(for: "it", unless: { true }) { 1 } == 1)
    }

    @Test func whatIsNotThereIsWaitedForInVain() async {
        await #expect(throws: Patience.Exhausted.self) { try await Patience.wait(for: "it", .zero) { nil as Int? } }
        await #expect(throws: Patience.Exhausted.self) {
            try await Patience.wait(for: "it", unless: { true }) { nil as Int? }
        }
    }
}
