import AttributeValues
import Testing

@testable import UpstreamClient

@Suite struct ConnectionPoolStateTests {
    private static func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

    /// A pool whose events can be expected in place.
    private final class Pool {
        private var state = ConnectionPoolState()

        var nextExpiry: Moment? { state.nextExpiry }
        /// - Parameter now: When all that became idle has rested, unless it is said.
        func start(
            _ choice: ConnectionChoice, now: Moment = ConnectionPoolStateTests.at(10_000)
        ) -> ConnectionPoolState.Start {
            state.start(choice, now: now)
        }
        func connected(_ id: ConnectionID) { state.connected(id) }
        func closed(_ id: ConnectionID) -> Bool { state.closed(id) }
        func expired(now: Moment) -> [ConnectionID] { state.expired(now: now) }

        @discardableResult
        func callEnded(on id: ConnectionID, _ outcome: ConnectionPoolState.Outcome, now: Moment) -> [ConnectionID] {
            state.callEnded(on: id, outcome, now: now)
        }
    }

    /// A pool with connections that have become idle one millisecond after the other, from 0 on.
    private static func pool(idle count: Int) -> (Pool, [ConnectionID]) {
        let pool = Pool()
        let ids = (0..<count).map { _ in made(pool) }
        for (number, id) in ids.enumerated() {
            #expect(pool.callEnded(on: id, .kept, now: at(Int64(number))).isEmpty)
        }
        return (pool, ids)
    }

    /// A new connection for a call.
    private static func made(_ pool: Pool, _ choice: ConnectionChoice = .new) -> ConnectionID {
        switch pool.start(choice) {
        case .new(let id):
            pool.connected(id)
            return id
        case .idle(let id):
            Issue.record("an idle connection")
            return id
        }
    }

    @Test func latestIdleConnectionIsUsedFirst() {
        let (pool, ids) = Self.pool(idle: 3)
        #expect(pool.start(.any) == .idle(ids[2]))
        #expect(pool.start(.any) == .idle(ids[1]))
        #expect(pool.callEnded(on: ids[2], .kept, now: Self.at(10)).isEmpty)
        #expect(pool.start(.any) == .idle(ids[2]))
        #expect(pool.start(.any) == .idle(ids[0]))
        #expect(Self.made(pool, .any) != ids[0])
    }

    /// What comes late for an earlier call is not taken for the answer to the next one.
    @Test func aConnectionRestsWhileAnotherOneIsIdle() {
        let (pool, ids) = Self.pool(idle: 3)
        #expect(pool.start(.any, now: Self.at(101)) == .idle(ids[1]))
        // Of those that have not rested, the one that is idle for longest.
        pool.callEnded(on: ids[1], .kept, now: Self.at(105))
        #expect(pool.start(.any, now: Self.at(101)) == .idle(ids[0]))
        #expect(pool.start(.any, now: Self.at(101)) == .idle(ids[2]))
        #expect(pool.start(.any, now: Self.at(106)) == .idle(ids[1]))
    }

    @Test func newConnectionIsMadeThoughOthersAreIdle() {
        let (pool, ids) = Self.pool(idle: 1)
        #expect(!ids.contains(Self.made(pool, .new)))
        #expect(pool.start(.any) == .idle(ids[0]))
    }

    @Test(arguments: [ConnectionPoolState.Outcome.answered, .failed])
    func connectionIsNotKept(outcome: ConnectionPoolState.Outcome) {
        let pool = Pool()
        let id = Self.made(pool)
        #expect(pool.callEnded(on: id, outcome, now: Self.at(0)).isEmpty)
        #expect(pool.closed(id))
        #expect(pool.nextExpiry == nil)
        #expect(Self.made(pool, .any) != id)
    }

    @Test func lastReadyConnectionIsReported() {
        let (pool, ids) = Self.pool(idle: 2)
        #expect(!pool.closed(ids[0]))
        // One that was never ready is none.
        guard case .new(let unfinished) = pool.start(.new) else { return }
        #expect(pool.closed(ids[1]))
        #expect(!pool.closed(unfinished))
        #expect(!pool.closed(ids[1]))
    }

    @Test func idleConnectionsExpire() {
        let (pool, ids) = Self.pool(idle: 3)
        #expect(pool.nextExpiry == Self.at(60_000))
        #expect(pool.expired(now: Self.at(59_999)).isEmpty)
        #expect(pool.expired(now: Self.at(60_001)) == [ids[0], ids[1]])
        for id in [ids[0], ids[1]] { #expect(!pool.closed(id)) }
        #expect(pool.nextExpiry == Self.at(60_002))
    }

    /// Thirty are dead: the first call that finds it out keeps others from the rest; the repeat tells.
    @Test(arguments: [ConnectionPoolState.Outcome.kept, .answered])
    func othersAreClosedWhenTheRepeatIsAnswered(outcome: ConnectionPoolState.Outcome) {
        let (pool, ids) = Self.pool(idle: 30)
        #expect(pool.start(.any) == .idle(ids[29]))
        #expect(pool.callEnded(on: ids[29], .dead(since: Self.at(100)), now: Self.at(101)).isEmpty)
        #expect(!pool.closed(ids[29]))
        let new = Self.made(pool, .new)
        // Also a call that may go on any.
        let other = Self.made(pool, .any)
        #expect(pool.callEnded(on: other, .kept, now: Self.at(110)).isEmpty)
        #expect(pool.callEnded(on: new, outcome, now: Self.at(120)) == Array(ids[..<29]))
        for id in ids[..<29] { #expect(!pool.closed(id)) }
        #expect(pool.nextExpiry == Self.at(60_110))
    }

    @Test(arguments: [ConnectionPoolState.Outcome.failed, .dead(since: Moment(nanoseconds: 0))])
    func othersAreUsedAgainWhenTheRepeatFails(outcome: ConnectionPoolState.Outcome) {
        let (pool, ids) = Self.pool(idle: 3)
        _ = pool.start(.any)
        pool.callEnded(on: ids[2], .dead(since: Self.at(100)), now: Self.at(101))
        let new = Self.made(pool, .new)
        let other = Self.made(pool, .any)
        pool.callEnded(on: other, .kept, now: Self.at(110))
        #expect(pool.callEnded(on: new, .failed, now: Self.at(120)).isEmpty)
        #expect(
            [pool.start(.any), pool.start(.any), pool.start(.any)] == [.idle(other), .idle(ids[1]), .idle(ids[0])])
    }

    /// Those that have answered since the call left are alive.
    @Test func onlyThoseIdleSinceBeforeAreSetAside() {
        let (pool, ids) = Self.pool(idle: 3)
        _ = pool.start(.any)
        #expect(pool.start(.any) == .idle(ids[1]))
        pool.callEnded(on: ids[1], .kept, now: Self.at(200))
        pool.callEnded(on: ids[2], .dead(since: Self.at(100)), now: Self.at(201))
        #expect(pool.start(.any) == .idle(ids[1]))
        let new = Self.made(pool, .any)
        #expect(pool.callEnded(on: new, .kept, now: Self.at(220)) == [ids[0]])
    }

    /// A call that had its new connection before says nothing of them.
    @Test func onlyALaterCallTells() {
        let (pool, ids) = Self.pool(idle: 2)
        let earlier = Self.made(pool, .new)
        _ = pool.start(.any)
        pool.callEnded(on: ids[1], .dead(since: Self.at(100)), now: Self.at(101))
        #expect(pool.callEnded(on: earlier, .kept, now: Self.at(110)).isEmpty)
        #expect(pool.start(.any) == .idle(earlier))
        let repeated = Self.made(pool, .new)
        #expect(pool.callEnded(on: repeated, .kept, now: Self.at(120)) == [ids[0]])
    }

    /// Of several calls that find out at once, the first sets aside, and the first repeat tells.
    @Test func severalLossesAreOne() {
        let (pool, ids) = Self.pool(idle: 4)
        for _ in 0..<2 { _ = pool.start(.any) }
        pool.callEnded(on: ids[3], .dead(since: Self.at(100)), now: Self.at(101))
        let first = Self.made(pool, .new)
        pool.callEnded(on: ids[2], .dead(since: Self.at(100)), now: Self.at(101))
        let second = Self.made(pool, .new)
        #expect(pool.callEnded(on: second, .kept, now: Self.at(110)).isEmpty)
        #expect(pool.callEnded(on: first, .kept, now: Self.at(111)) == [ids[0], ids[1]])
    }

    @Test func connectionsSetAsideExpireAndClose() {
        let (pool, ids) = Self.pool(idle: 4)
        _ = pool.start(.any)
        pool.callEnded(on: ids[3], .dead(since: Self.at(100)), now: Self.at(101))
        #expect(!pool.closed(ids[3]))
        #expect(pool.nextExpiry == Self.at(60_000))
        #expect(pool.expired(now: Self.at(60_000)) == [ids[0]])
        #expect(!pool.closed(ids[0]))
        #expect(!pool.closed(ids[1]))
        let new = Self.made(pool, .new)
        #expect(pool.callEnded(on: new, .kept, now: Self.at(110)) == [ids[2]])
        #expect(!pool.closed(ids[2]))
        #expect(pool.closed(new))
    }
}
