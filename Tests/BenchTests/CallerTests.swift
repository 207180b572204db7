import NIOCore
import NIOPosix
import Testing

@testable import imattr_bench

/// A caller that is killed in the middle of its questions, refused, or answered wrongly, loses and hides nothing.
struct CallerTests {
    @Test func whatGetsNoAnswerIsRepeatedOnANewConnection() async throws {
        let events = try await ask(3, answers: [.hangUp, .right, .right, .right])
        #expect(events.map(\.reply) == [.lost, .right, .right, .right])
        #expect(events.accountsAnswered == 3)
    }

    @Test func whatMayBeRepeatedIs() async throws {
        let events = try await ask(1, answers: [.refusal(retryable: true), .right])
        #expect(events.refusals == [-32000: 1])
        #expect(events.final.isEmpty)
        #expect(events.right.count == 1)
    }

    @Test func whatMayNotBeRepeatedIsNot() async throws {
        let events = try await ask(2, answers: [.refusal(retryable: false), .right])
        #expect(events.final.count == 1)
        #expect(events.right.count == 1)
    }

    @Test func wrongAnswersAreCounted() async throws {
        let events = try await ask(2, answers: [.wrong, .right])
        #expect(events.wrong.count == 1)
        #expect(events.right.count == 1)
    }

    @Test func whoAnswersWhatNobodyAskedIsNotBelieved() async throws {
        let events = try await ask(1, answers: [.unasked, .right])
        #expect(events.map(\.reply) == [.lost, .right])
    }

    /// Asks `count` questions, one at a time, of a daemon that gives these answers in turn; returns all ends when every
    /// question has its last one.
    private func ask(_ count: Int, answers: [ScriptedDaemon.Answer]) async throws -> [Event] {
        try await ScriptedDaemon.run(answers) { path in
            let crowd = try await Crowd.gather(path: path, depth: 1, [Questions(name: "a", size: 1, count: count)])
            try await crowd.begin()
            let events = try await Patience.wait(for: "the last answer") {
                let events = try await crowd.events()
                let over = events.right.count + events.wrong.count + events.final.count
                return over == count ? events : nil
            }
            #expect(try await crowd.finish(within: .seconds(120)) == 0)
            try await crowd.leave()
            return events
        }
    }
}
