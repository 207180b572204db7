import AttributeValues
import NIOCore
import Testing

@testable import UpstreamClient

@Suite struct UpstreamConnectionStateTests {
    private typealias State = UpstreamConnectionState

    private static func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    /// A connection that is idle, after a number of answers.
    private static func idle(after answers: Int = 1) -> State {
        var state = State()
        state.connected()
        for _ in 0..<answers {
            state.send(now: at(0))
            state.written(now: at(0))
            _ = state.received(ByteBuffer(string: answer), now: at(0))
            _ = state.readCompleted()
            state.answerWasRead(keeps: true)
        }
        #expect(state.isIdle)
        return state
    }

    /// A connection whose request has left at 100 ms and been written at 101 ms.
    private static func busy(after answers: Int = 1) -> State {
        var state = idle(after: answers)
        state.send(now: at(100))
        state.written(now: at(101))
        return state
    }

    private static func received(_ state: inout State, _ text: String, at time: Int64 = 120) -> State.Action {
        state.received(ByteBuffer(string: text), now: at(time))
    }

    /// The answer that is to be read next.
    private static func answer(_ action: State.Action) throws -> State.Answer {
        guard case .read(let answer) = action else { throw NoAnswer(action: action) }
        return answer
    }

    private static func failure(_ action: State.Action) throws -> State.Failure {
        guard case .fail(let failure) = action else { throw NoAnswer(action: action) }
        return failure
    }

    private struct NoAnswer: Error { let action: State.Action }

    @Test func answerIsReadWhenAllThatCameWithItIsKnown() throws {
        var state = Self.busy()
        #expect(Self.received(&state, "HTTP/1.1 200 OK\r\nDate: x\r\nContent-") == .nothing)
        #expect(state.readCompleted() == .nothing)
        #expect(Self.received(&state, "Length: 2\r\n\r\n{", at: 130) == .nothing)
        #expect(Self.received(&state, "}", at: 140) == .nothing)
        #expect(!state.isIdle)
        let answer = try Self.answer(state.readCompleted())
        #expect(answer.head.date == "x")
        #expect(answer.headReceivedAt == Self.at(130))
        #expect(answer.roundTrip == .milliseconds(29))
        #expect(answer.body == ByteBuffer(string: "{}"))
        #expect(answer.isCertain && answer.canBeKept)
        state.answerWasRead(keeps: true)
        #expect(state.isIdle)
    }

    @Test func firstRoundTripOfAConnectionIsNotMeasured() throws {
        var state = Self.busy(after: 0)
        _ = Self.received(&state, Self.answer)
        #expect(try Self.answer(state.readCompleted()).roundTrip == nil)
    }

    /// Its bytes may be the beginning of another call's answer.
    @Test(arguments: [true, false])
    func bytesAfterTheEndMakeTheAnswerUncertain(together: Bool) throws {
        var state = Self.busy()
        if together {
            _ = Self.received(&state, Self.answer + "H")
        } else {
            _ = Self.received(&state, Self.answer)
            #expect(Self.received(&state, "HTTP/1.1 200 OK\r\n") == .nothing)
        }
        let answer = try Self.answer(state.readCompleted())
        #expect(answer.body == ByteBuffer(string: "{}"))
        #expect(!answer.isCertain && !answer.canBeKept)
    }

    @Test func answerBeforeTheRequestIsWrittenIsUncertain() throws {
        var state = Self.idle()
        state.send(now: Self.at(100))
        _ = Self.received(&state, Self.answer)
        state.written(now: Self.at(121))
        let answer = try Self.answer(state.readCompleted())
        #expect(!answer.isCertain && !answer.canBeKept)
        #expect(answer.roundTrip == nil)
    }

    /// They belong to no call: the next one's answer must not be mistaken for them.
    @Test func bytesWithoutACallClose() {
        var state = Self.idle()
        #expect(Self.received(&state, "H") == .close)
        #expect(!state.isIdle)
        #expect(Self.received(&state, "H") == .nothing)
        #expect(state.closed(now: Self.at(200)) == .nothing)
    }

    @Test func connectionThatTheServerClosesIsNotKept() throws {
        var state = Self.busy()
        _ = Self.received(&state, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        let answer = try Self.answer(state.readCompleted())
        #expect(answer.isCertain && !answer.canBeKept)
        state.answerWasRead(keeps: false)
        #expect(state.closed(now: Self.at(130)) == .nothing)
    }

    @Test func answerWithoutLengthIsReadAtTheEnd() throws {
        var state = Self.busy()
        _ = Self.received(&state, "HTTP/1.1 200 OK\r\n\r\n{}")
        #expect(state.readCompleted() == .nothing)
        let answer = try Self.answer(state.closed(now: Self.at(130)))
        #expect(answer.body == ByteBuffer(string: "{}"))
        #expect(answer.isCertain && !answer.canBeKept)
    }

    /// What happens to the connection after the answer does not change it.
    @Test func lossAfterTheAnswerIsNone() throws {
        var state = Self.busy()
        _ = Self.received(&state, Self.answer)
        let answer = try Self.answer(state.fail(.lost("reset"), now: Self.at(121)))
        #expect(answer.isCertain && !answer.canBeKept)
        #expect(state.readCompleted() == .nothing)
    }

    @Test(arguments: [
        ("HTTP/1.1 502 Bad Gateway\r\nDate: x\r\n\r\n", TransportError.status(502), "x"),
        ("HTTP/1.1 204 No Content\r\n\r\n", .status(204), ""),
        ("<html>\r\n", .noHTTP("no status line"), ""),
    ])
    func otherAnswersFail(text: String, error: TransportError, date: String) throws {
        var state = Self.busy()
        let failure = try Self.failure(Self.received(&state, text))
        #expect(failure.error == error)
        #expect(failure.wasSent)
        #expect((failure.date ?? "") == date)
        #expect(failure.suspectsIdleSince == nil)
        #expect(state.closed(now: Self.at(130)) == .nothing)
    }

    @Test func bodyIsBounded() throws {
        let count = State.maximumBodySize
        for (length, isRead) in [(count, true), (count + 1, false)] {
            var state = Self.busy()
            let action = Self.received(
                &state, "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n" + String(repeating: " ", count: length))
            if isRead {
                #expect(try Self.answer(state.readCompleted()).body.readableBytes == count)
            } else {
                #expect(try Self.failure(action).error == .bodyTooLarge)
            }
        }
    }

    static let losses: [TransportError] = [.lost("reset"), .tls("closed without farewell"), .closedByServer]

    @Test(arguments: losses)
    func lossOfAReusedConnectionBeforeAByteIsStale(loss: TransportError) throws {
        var state = Self.busy()
        let failure = try Self.failure(state.fail(loss, now: Self.at(2600)))
        guard case .stale = failure.error else { throw NoAnswer(action: .fail(failure)) }
        #expect(failure.wasSent)
        #expect(failure.suspectsIdleSince == Self.at(100))
        #expect(failure.error.failure(wasSent: true).kind == .stale)
    }

    /// Too late; on a connection's first call; after a byte; and what is no loss.
    @Test(arguments: losses)
    func otherLossesAreNotStale(loss: TransportError) throws {
        var late = Self.busy()
        var first = Self.busy(after: 0)
        var begun = Self.busy()
        #expect(Self.received(&begun, "H") == .nothing)
        for action in [
            late.fail(loss, now: Self.at(2601)), first.fail(loss, now: Self.at(110)),
            begun.fail(loss, now: Self.at(130)),
        ] {
            let failure = try Self.failure(action)
            #expect(failure.error == loss)
            #expect(failure.suspectsIdleSince == nil)
            #expect(failure.error.failure(wasSent: true).kind == .lost)
        }
    }

    /// However late this process has got to know.
    @Test func unacknowledgedBytesAreStaleAtAnyTime() throws {
        var state = Self.busy()
        let failure = try Self.failure(state.fail(.unacknowledged, now: Self.at(9000)))
        #expect(failure.error.failure(wasSent: true).kind == .stale)
        var first = Self.busy(after: 0)
        #expect(try Self.failure(first.fail(.unacknowledged, now: Self.at(9000))).error == .unacknowledged)
    }

    @Test(arguments: [TransportError.cancelled, .shutDown, .other("x")])
    func whatIsNoLossIsNotStale(error: TransportError) throws {
        var state = Self.busy()
        let failure = try Self.failure(state.fail(error, now: Self.at(110)))
        #expect(failure.error == error)
        #expect(failure.suspectsIdleSince == nil)
    }

    /// Something that acknowledges may stand before a dead server.
    @Test func timeOutOnAReusedConnectionMakesOthersSuspect() throws {
        for (answers, bytes, suspects) in [(1, false, true), (0, false, false), (1, true, false)] {
            var state = Self.busy(after: answers)
            if bytes { _ = Self.received(&state, "H") }
            let failure = try Self.failure(state.fail(.timedOut, now: Self.at(5100)))
            #expect(failure.error == .timedOut)
            #expect(failure.suspectsIdleSince == (suspects ? Self.at(100) : nil))
        }
    }

    @Test func connectionThatIsNeverReadySendsNothing() throws {
        for error in Self.losses + [.timedOut, .cancelled, .certificate("x")] {
            var state = State()
            let failure = try Self.failure(state.fail(error, now: Self.at(50)))
            #expect(failure == State.Failure(error: error, wasSent: false))
            let kind = failure.error.failure(wasSent: false).kind
            #expect(kind == .neverSent || kind == .certificate)
            #expect(state.fail(.closedByServer, now: Self.at(51)) == .nothing)
            state.connected()
            #expect(!state.isIdle)
        }
    }

    @Test func idleConnectionCloses() {
        for error in Self.losses {
            var state = Self.idle()
            #expect(state.fail(error, now: Self.at(50)) == .close)
            #expect(state.closed(now: Self.at(51)) == .nothing)
        }
    }
}
