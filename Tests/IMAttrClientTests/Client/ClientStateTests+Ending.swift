import Glibc
import JSONRPC
import Testing
@testable import IMAttrClient

/// How calls end that are not simply answered.
extension ClientStateTests {
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
        #expect(decided() == [failed(1, .deadline()), .send(RequestLine.cancellation(of: 1), on: 1)])
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
        #expect(decided().first == failed(2, .deadline()))
        while actions.isEmpty { try sleep() }
        #expect(decided().first == failed(1, .deadline()))
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
