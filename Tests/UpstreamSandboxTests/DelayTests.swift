import NIOCore
import Testing

@testable import UpstreamSandbox

@Suite struct DelayTests {
    @Test func exponentialAboveTheLeast() {
        let delay = SandboxConfiguration.Delay(least: .milliseconds(20), meanJitter: .milliseconds(5))
        var random = SeededGenerator(seed: 1)
        let samples = (0..<10_000).map { _ in delay.sample(using: &random) }
        #expect(samples.allSatisfy { $0 >= .milliseconds(20) })
        let mean = samples.reduce(.zero, +) / samples.count
        #expect(mean > .milliseconds(24.8))
        #expect(mean < .milliseconds(25.2))
        #expect(Set(samples).count > 9000)
    }

    @Test func noneByDefault() {
        var random = SeededGenerator(seed: 1)
        #expect(SandboxConfiguration.Delay().sample(using: &random) == .zero)
        #expect(SandboxConfiguration.Delay(least: .seconds(1)).sample(using: &random) == .seconds(1))
    }

    @Test func delayedCallsAreAnswered() async throws {
        try await withSandbox { configuration in
            configuration.requestDelay = .init(least: .milliseconds(5), meanJitter: .milliseconds(5))
            configuration.answerDelay = .init(meanJitter: .milliseconds(5))
        } _: { sandbox in
            let calls = [TestCall](repeating: TestCall(), count: 5)
            let codes = try await RawConnection.with(sandbox) { try await $0.codes(calls) }
            #expect(codes == [0, 0, 0, 0, 0])
        }
    }

    /// A server whose delayed answers are still under way when it ends must neither wait for them nor trip.
    @Test func shutDownWhileAnswersWait() async throws {
        try await withSandbox { configuration in
            configuration.answerDelay = .init(least: .seconds(3600))
        } _: { sandbox in
            try await RawConnection.with(sandbox) { connection in
                try await connection.send(TestCall().text)
                while await sandbox.report().calls == 0 { await Task.yield() }
                await sandbox.shutDown()
                let bytes = try await connection.bytesToEnd()
                #expect(bytes == 0)
            }
        }
    }

    @Test func httpDate() {
        #expect(HTTPDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
