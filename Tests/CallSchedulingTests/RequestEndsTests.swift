import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

private let start = Moment(nanoseconds: 1_000_000_000_000)

@Suite struct RequestEndsTests {
    private var ends = RequestEnds()
    private var requests = RequestTable()

    private mutating func ask() -> RequestKey {
        let key = requests.makeKey()
        requests.insert(
            WaitingRequest(
                accounts: ["a"], caller: CallerKey(uid: 1, connection: 1), line: 0, deadline: .distantFuture,
                since: start), for: key)
        return key
    }

    @Test mutating func aSweepMeetsEachRequestThatWasOpenOnce() {
        let keys = [ask(), ask(), ask()]
        ends.begin(.stopping, last: requests.lastNumber)
        _ = ask()
        requests.remove(keys[1])
        var met: [RequestKey] = []
        var turns = 0
        while ends.sweep != nil, turns < 9 {
            turns += 1
            var work = 1
            if let key = ends.takeSwept(in: requests, &work) { met.append(key) }
        }
        #expect(met == [keys[0], keys[2]] && turns == 4 && ends.isEmpty)
    }

    @Test mutating func aVerdictIsGivenInPieces() {
        ends.pieceSize = 2
        var waiters = Waiters(Rides.request(0), index: 0)
        for number in 1..<5 { waiters.add(Rides.request(number), index: number) }
        ends.settle(waiters, .failed(CallFailure(.status, message: "x")))
        var pieces: [[Int]] = []
        while let (piece, _) = ends.takeVerdict() { pieces.append(piece.map(\.1)) }
        #expect(pieces == [[0, 1], [2, 3], [4]] && ends.isEmpty)
    }
}
