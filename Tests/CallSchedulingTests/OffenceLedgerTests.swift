import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

/// Which principals and callers are separated from the others, and for how long.
@Suite struct OffenceLedgerTests {
    private let start = Moment(nanoseconds: 1_000_000_000)
    private let first = CallerKey(uid: 1, connection: 1)
    private let second = CallerKey(uid: 2, connection: 2)

    @Test func anOffenceIsRememberedForAMinute() {
        var ledger = OffenceLedger()
        ledger.note(first, earlierRides: 10, now: start)
        #expect(ledger.lane(of: first) == .suspect)
        #expect(ledger.lane(of: CallerKey(uid: 1, connection: 9)) == .besideOffender)
        #expect(ledger.lane(of: second) == .clean)
        let early = ledger.advance(to: start + .seconds(59))
        let late = ledger.advance(to: start + .seconds(60))
        #expect(early.isEmpty && late == [first.principal])
        #expect(ledger.isEmpty && ledger.lane(of: first) == .clean)
    }

    @Test func aNewConnectionStartsWithTheRateOfItsPrincipal() {
        var ledger = OffenceLedger()
        ledger.note(first, earlierRides: 1, now: start)
        let new = CallerKey(uid: 1, connection: 9)
        ledger.meet(new)
        #expect(ledger.lane(of: new) == .suspect && ledger.rate(of: new) == 1)
    }

    @Test func principalsThatArePutApartComeBackWithTheirFirstGoodCall() {
        var ledger = OffenceLedger()
        let apart = ledger.putApart([second.principal, first.principal], now: start)
        #expect(apart == [first.principal, second.principal])
        #expect(ledger.lane(of: first) == .besideOffender && ledger.lane(of: second) == .besideOffender)
        let isCleared = ledger.clear(first.principal)
        #expect(isCleared && ledger.lane(of: first) == .clean && ledger.lane(of: second) == .besideOffender)
        let isClearedTwice = ledger.clear(first.principal)
        #expect(!isClearedTwice)
        let ended = ledger.advance(to: start + .seconds(60))
        let isClearedLate = ledger.clear(second.principal)
        #expect(ended == [second.principal] && !isClearedLate)
    }

    /// Else one good call between two offences would bring an offender back.
    @Test func aGoodCallClearsNoOffender() {
        var ledger = OffenceLedger()
        _ = ledger.putApart([first.principal, second.principal], now: start)
        ledger.note(first, earlierRides: 1, now: start)
        ledger.suspect(second.principal, now: start)
        let isCleared = (ledger.clear(first.principal), ledger.clear(second.principal))
        #expect(isCleared == (false, false))
    }

    /// It was in the call before it left the clean lane, and explains what went wrong.
    @Test func noUserIsPutApartForACallWithAnOffender() {
        var ledger = OffenceLedger()
        ledger.suspect(first.principal, now: start)
        let apart = ledger.putApart([first.principal, second.principal], now: start)
        #expect(apart.isEmpty)
        #expect(ledger.lane(of: second) == .clean)
    }
}
