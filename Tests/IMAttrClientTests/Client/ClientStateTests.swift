import Glibc
import JSONRPC
import Testing

@testable import IMAttrClient

/// What the client decides, with time as a number.
struct ClientStateTests {
    private typealias Action = ClientState.Action

    private var state = ClientState(path: "/s")
    private var now: Duration = .seconds(1000)
    /// Everything decided so far but when to wake.
    private var actions: [Action] = []
    private var alarm: Duration?

    private static let answered = Array("\"pong\"".utf8)

    // MARK: Steps

    private mutating func note(_ decided: [Action]) {
        for action in decided {
            if case .wake(let moment) = action { alarm = moment } else { actions.append(action) }
        }
    }

    private mutating func ask(_ id: Int, timeout: Duration = .seconds(30)) throws {
        note(state.submit(id, try Request("ping", params: nil, timeout: timeout), now: now))
    }

    private mutating func connect(_ id: Int) { note(state.connected(id, now: now)) }

    private mutating func fail(_ id: Int, _ errno: CInt) { note(state.connectFailed(id, errno: errno, now: now)) }

    private mutating func answer(_ id: Int, on connection: Int) throws {
        try receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\"pong\"}", on: connection)
    }

    private mutating func shutDown(_ id: Int, on connection: Int, after milliseconds: Int) throws {
        let data = "{\"source\":\"daemon\",\"retryable\":true,\"retryAfterMs\":\(milliseconds)}"
        let error = "{\"code\":-32004,\"message\":\"shutting down\",\"data\":\(data)}"
        try receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"error\":\(error)}", on: connection)
    }

    private mutating func receive(_ line: String, on connection: Int) throws {
        note(state.received(try Answer(line: Array(line.utf8)), on: connection, now: now))
    }

    private mutating func end(_ connection: Int) { note(state.disconnected(connection, now: now)) }

    /// Lets time pass up to the moment at which the state wants to be woken.
    private mutating func sleep() throws {
        now = try #require(alarm)
        alarm = nil
        note(state.timePassed(now: now))
    }

    /// What has been decided since the last look.
    private mutating func decided() -> [Action] {
        defer { actions = [] }
        return actions
    }

    private func ping(_ id: Int, on connection: Int) -> Action {
        .send(RequestLine.request(id, "ping", params: nil), on: connection)
    }

    private func failed(_ id: Int, _ error: IMAttrError) -> Action { .finish(id, .failure(error)) }

    private mutating func answeredCalls() -> [Int] {
        decided().compactMap { action in
            guard case .finish(let id, .success(let reply)) = action else { return nil }
            return reply.slice.bytes == Self.answered ? id : nil
        }
    }

    // MARK: The first connection

    @Test mutating func theFirstCallConnectsAndTheOthersWaitForIt() throws {
        try ask(1)
        #expect(decided() == [.connect(1)])
        try ask(2)
        #expect(decided() == [])
        connect(1)
        #expect(decided() == [ping(1, on: 1), ping(2, on: 1)])
        try answer(2, on: 1)
        try answer(1, on: 1)
        #expect(answeredCalls() == [2, 1])
        try ask(3)
        #expect(decided() == [ping(3, on: 1)])
    }

    @Test(arguments: [ENOENT, ECONNREFUSED, EACCES, ENOTSOCK])
    mutating func nobodyThereIsToldAtOnceAndTheNextCallTriesAgain(errno: CInt) throws {
        try ask(1)
        try ask(2)
        fail(1, errno)
        let error = IMAttrError.unreachable(path: "/s", errno: errno)
        #expect(decided() == [.connect(1), failed(1, error), failed(2, error)])
        try ask(3)
        #expect(decided() == [.connect(2)])
    }

    @Test mutating func aFullQueueIsWaitedForEvenAtFirst() throws {
        try ask(1)
        for attempt in 1...5 {
            #expect(decided() == [.connect(attempt)])
            fail(attempt, EAGAIN)
            #expect(decided() == [])
            try sleep()
        }
        connect(6)
        #expect(decided() == [.connect(6), ping(1, on: 6)])
    }

    // MARK: Repeating

    @Test mutating func whatWasInFlightIsAskedAgainAtOnceInItsOrder() throws {
        for id in 1...3 { try ask(id) }
        connect(1)
        try answer(2, on: 1)
        _ = decided()
        end(1)
        #expect(decided() == [.connect(2)])
        connect(2)
        #expect(decided() == [ping(1, on: 2), ping(3, on: 2)])
        try answer(1, on: 1)
        #expect(decided() == [])
        try answer(1, on: 2)
        #expect(answeredCalls() == [1])
    }

    @Test mutating func pausesGrowWhileNobodyIsThere() throws {
        try ask(1)
        connect(1)
        end(1)
        var pauses: [Duration] = []
        for attempt in 2...8 {
            #expect(decided().last == .connect(attempt))
            fail(attempt, attempt % 2 == 0 ? ECONNREFUSED : ENOENT)
            let start = now
            try sleep()
            pauses.append(now - start)
        }
        let least: [Duration] = [50, 100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) }
        // The connection that ended without an answer counts as the first failure.
        for (pause, least) in zip(pauses, least.dropFirst() + [.seconds(1)]) {
            #expect(least...least * 1.25 ~= pause)
        }
    }

    @Test mutating func connectionsThatEndWithoutAnAnswerAreNotMadeInALoop() throws {
        try ask(1)
        connect(1)
        end(1)
        #expect(decided().last == .connect(2))
        for attempt in 2...6 {
            connect(attempt)
            end(attempt)
            #expect(decided() == [ping(1, on: attempt)])
            try sleep()
            #expect(decided() == [.connect(attempt + 1)])
        }
        connect(7)
        try answer(1, on: 7)
        try ask(2)
        _ = decided()
        end(7)
        #expect(decided() == [.connect(8)])
    }

    @Test mutating func aDaemonThatDoesNotComeBackIsLostWhenTheTimeIsOver() throws {
        try ask(1, timeout: .seconds(2))
        connect(1)
        try answer(1, on: 1)
        end(1)
        _ = decided()
        let start = now
        try ask(2, timeout: .seconds(2))
        var attempt = 2
        while !actions.contains(failed(2, .lost)) {
            if actions.last == .connect(attempt) {
                fail(attempt, ENOENT)
                attempt += 1
            }
            try sleep()
        }
        #expect(now - start == .seconds(2))
        #expect(attempt > 4)
    }

    @Test mutating func noGroupIsToldAtOnceEvenLater() throws {
        try ask(1)
        connect(1)
        end(1)
        _ = decided()
        fail(2, EACCES)
        #expect(decided() == [failed(1, .unreachable(path: "/s", errno: EACCES))])
    }

    @Test mutating func anIdleConnectionThatEndsIsNotMadeAgainUntilItIsNeeded() throws {
        try ask(1)
        connect(1)
        try answer(1, on: 1)
        _ = decided()
        end(1)
        #expect(decided() == [])
        try ask(2)
        #expect(decided() == [.connect(2)])
    }

    // MARK: Shutting down

    @Test mutating func shuttingDownIsAskedAgainOnANewConnectionAfterItsTime() throws {
        for id in 1...3 { try ask(id) }
        connect(1)
        try answer(1, on: 1)
        _ = decided()
        try shutDown(2, on: 1, after: 300)
        #expect(decided() == [])
        // What the old connection still owes it may still answer; what is new does not go there.
        try ask(4)
        #expect(decided() == [.connect(2)])
        connect(2)
        #expect(decided() == [ping(4, on: 2)])
        try answer(3, on: 1)
        #expect(decided().last == .close(1))
        let start = now
        try sleep()
        #expect(now - start == .milliseconds(300))
        #expect(decided() == [ping(2, on: 2)])
    }

    @Test mutating func shuttingDownForLongerThanTheTimeIsLost() throws {
        try ask(1, timeout: .seconds(1))
        connect(1)
        try shutDown(1, on: 1, after: 5000)
        _ = decided()
        let start = now
        try sleep()
        #expect(decided() == [failed(1, .lost)])
        #expect(now - start == .seconds(1))
    }

    @Test mutating func aDaemonThatKeepsShuttingDownIsNotAskedInALoop() throws {
        try ask(1)
        connect(1)
        _ = decided()
        try shutDown(1, on: 1, after: 0)
        #expect(decided() == [.connect(2), .close(1)])
        for attempt in 2...5 {
            connect(attempt)
            try shutDown(1, on: attempt, after: 0)
            #expect(decided() == [ping(1, on: attempt), .close(attempt)])
            try sleep()
            #expect(decided() == [.connect(attempt + 1)])
        }
    }

    // MARK: Time

    @Test mutating func whatIsNotAnsweredInTimeIsWithdrawnASecondLater() throws {
        try ask(1, timeout: .milliseconds(1500))
        connect(1)
        _ = decided()
        let start = now
        while actions.isEmpty { try sleep() }
        #expect(now - start == .milliseconds(2500))
        #expect(decided() == [failed(1, .deadline), .send(RequestLine.cancellation(of: 1), on: 1)])
        try answer(1, on: 1)
        #expect(decided() == [])
    }

    @Test mutating func theDaemonIsToldWhatIsLeft() throws {
        let request = try Request(accounts: ["a"], timeout: .seconds(10), maxAge: .seconds(2))
        note(state.submit(1, request, now: now))
        connect(1)
        now += .milliseconds(2500)
        end(1)
        now += .microseconds(100)
        connect(2)
        func line(_ timeLeft: Int) -> [UInt8] {
            RequestLine.getAttrs(1, accounts: Array("[\"a\"]".utf8), timeoutMs: timeLeft, maxAgeMs: 2000)
        }
        #expect(decided() == [.connect(1), .send(line(10_000), on: 1), .connect(2), .send(line(7500), on: 2)])
    }

    @Test mutating func aShortCallIsNotLateBecauseALongOneSleeps() throws {
        try ask(1, timeout: .seconds(600))
        connect(1)
        try ask(2, timeout: .milliseconds(1))
        _ = decided()
        while actions.isEmpty { try sleep() }
        #expect(decided().first == failed(2, .deadline))
        while actions.isEmpty { try sleep() }
        #expect(decided().first == failed(1, .deadline))
    }

    // MARK: Giving up

    @Test mutating func cancellingTellsTheDaemonOnlyWhatItHasHeardOf() throws {
        try ask(1)
        note(state.cancel(1))
        #expect(decided() == [.connect(1), failed(1, .cancelled)])
        connect(1)
        #expect(decided() == [])
        try ask(2)
        note(state.cancel(2))
        note(state.cancel(2))
        #expect(decided() == [ping(2, on: 1), failed(2, .cancelled), .send(RequestLine.cancellation(of: 2), on: 1)])
    }

    @Test mutating func whatIsNotTheProtocolFailsWhatItOwesAndTheNextCallConnectsAgain() throws {
        try ask(1)
        connect(1)
        try ask(2)
        _ = decided()
        note(state.violated(1, .protocol("x"), now: now))
        #expect(decided() == [failed(1, .protocol("x")), failed(2, .protocol("x")), .close(1)])
        end(1)
        #expect(decided() == [])
        try ask(3)
        while actions.isEmpty { try sleep() }
        #expect(decided() == [.connect(2)])
    }

    @Test mutating func anErrorForTheConnectionIsTheAnswerToAllOfIt() throws {
        try ask(1)
        connect(1)
        try ask(2)
        _ = decided()
        try receive("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"full\"}}", on: 1)
        let error = IMAttrError.refused(ErrorObject(code: -32000, message: "full"))
        #expect(decided() == [failed(1, error), failed(2, error), .close(1)])
    }

    @Test mutating func answersThatNobodyWaitsForAreIgnored() throws {
        try ask(1)
        connect(1)
        _ = decided()
        for id in ["2", "\"1\"", "1.0", "99999999999999999999"] {
            try receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":1}", on: 1)
        }
        #expect(decided() == [])
    }

    @Test mutating func closingEndsEverything() throws {
        try ask(1)
        connect(1)
        try ask(2)
        try shutDown(1, on: 1, after: 1000)
        _ = decided()
        note(state.close())
        #expect(decided() == [failed(1, .cancelled), failed(2, .cancelled), .close(1)])
        try ask(3)
        #expect(decided() == [failed(3, .cancelled)])
    }

    @Test mutating func aConnectionThatIsMadeTooLateIsClosed() throws {
        try ask(1)
        note(state.close())
        _ = decided()
        connect(1)
        #expect(decided() == [.close(1)])
    }
}
