import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct OutputTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let answer = Array("1234567".utf8)

    @Test func answersBecomeLines() {
        var output = Output(timeout: .seconds(60))
        expect(output.take(), is: nil)
        output.append(answer)
        output.append(Array("8".utf8))
        #expect(output.unwritten == 10)
        expect(output.take(), is: ByteBuffer(string: "1234567\n8\n"))
        expect(output.take(), is: nil)
        #expect(output.unwritten == 10)
        output.written(10)
        #expect(output.unwritten == 0)
    }

    @Test func itIsWatchedOnceWhileBytesWait() {
        var output = Output(timeout: .seconds(60))
        expect(output.startWatching(at: start), is: false)
        output.append(answer)
        expect(output.startWatching(at: start), is: false, "the channel has not been given anything yet")
        _ = output.take()
        expect(output.startWatching(at: start), is: true)
        expect(output.startWatching(at: start), is: false)
        output.written(8)
        expect(output.check(left: 0, at: start), is: .idle)
        output.append(answer)
        _ = output.take()
        expect(output.startWatching(at: start), is: true)
    }

    @Test func aClientThatTakesNothingIsStuckWhenTheTimeIsOver() {
        var output = watched()
        expect(output.check(left: 8, at: start + .seconds(59)), is: .progressing)
        expect(output.check(left: 8, at: start + .seconds(60)), is: .stuck)
    }

    @Test func aClientThatTakesAByteHasAllTheTimeAgain() {
        var output = watched()
        expect(output.check(left: 7, at: start + .seconds(59)), is: .progressing)
        expect(output.check(left: 7, at: start + .seconds(118)), is: .progressing)
        expect(output.check(left: 7, at: start + .seconds(119)), is: .stuck)
    }

    @Test func newAnswersDoNotHideThatAClientReads() {
        var output = watched()
        for round in 1...10 {
            output.append(answer)
            _ = output.take()
            output.written(8)
            expect(output.check(left: 8, at: start + .seconds(Int64(50 * round))), is: .progressing)
        }
    }

    @Test func newAnswersAreNoProgress() {
        var output = watched()
        output.append(answer)
        _ = output.take()
        expect(output.check(left: 16, at: start + .seconds(30)), is: .progressing)
        expect(output.check(left: 16, at: start + .seconds(60)), is: .stuck)
    }

    @Test func nothingIsLeftOfAConnectionThatIsGone() {
        var output = watched()
        output.append(answer)
        output.removeAll()
        #expect(output.unwritten == 0)
        expect(output.take(), is: nil)
        expect(output.check(left: 0, at: start + .seconds(100)), is: .idle)
    }

    @Test func progressIsLookedForSeveralTimesInTheTime() {
        #expect(Output(timeout: .seconds(60)).checkInterval == .seconds(10))
        #expect(Output(timeout: .nanoseconds(1)).checkInterval == .nanoseconds(1))
    }

    private func watched() -> Output {
        var output = Output(timeout: .seconds(60))
        output.append(answer)
        _ = output.take()
        _ = output.startWatching(at: start)
        return output
    }
}
