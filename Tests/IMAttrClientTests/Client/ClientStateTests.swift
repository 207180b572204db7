import Glibc
import JSONRPC
import Testing

@testable import IMAttrClient

/// What the client decides, with time as a number.
struct ClientStateTests {
    typealias Action = ClientState.Action

    var state = ClientState(path: "/s")
    var now: Duration = .seconds(1000)
    /// Everything decided so far but when to wake.
    var actions: [Action] = []
    var alarm: Duration?

    static let answered = Array("\"pong\"".utf8)

    // MARK: Steps

    mutating func note(_ decided: [Action]) {
        for action in decided {
            if case .wake(let moment) = action { alarm = moment } else { actions.append(action) }
        }
    }

    mutating func ask(_ id: Int, timeout: Duration = .seconds(30)) throws {
        note(state.submit(id, try Request("ping", params: nil, timeout: timeout), now: now))
    }

    mutating func connect(_ id: Int) { note(state.connected(id, now: now)) }

    mutating func fail(_ id: Int, _ errno: CInt) { note(state.connectFailed(id, errno: errno, now: now)) }

    mutating func answer(_ id: Int, on connection: Int) throws {
        try receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\"pong\"}", on: connection)
    }

    mutating func shutDown(_ id: Int, on connection: Int, after milliseconds: Int) throws {
        let data = "{\"source\":\"daemon\",\"retryable\":true,\"retryAfterMs\":\(milliseconds)}"
        let error = "{\"code\":-32004,\"message\":\"shutting down\",\"data\":\(data)}"
        try receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"error\":\(error)}", on: connection)
    }

    mutating func receive(_ line: String, on connection: Int) throws {
        note(state.received(try Answer(line: Array(line.utf8)), on: connection, now: now))
    }

    mutating func end(_ connection: Int) { note(state.disconnected(connection, now: now)) }

    /// Lets time pass up to the moment at which the state wants to be woken.
    mutating func sleep() throws {
        now = try #require(alarm)
        alarm = nil
        note(state.timePassed(now: now))
    }

    /// What has been decided since the last look.
    mutating func decided() -> [Action] {
        defer { actions = [] }
        return actions
    }

    func ping(_ id: Int, on connection: Int) -> Action {
        .send(RequestLine.request(id, "ping", params: nil), on: connection)
    }

    func failed(_ id: Int, _ error: IMAttrError) -> Action { .finish(id, .failure(error)) }

    mutating func answeredCalls() -> [Int] {
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
}
