import AttributeValues
import DequeModule

/// What became of accounts that many requests wait for. It is given to them in pieces, so that no turn of the loop takes long.
struct Settlements: Sendable {
    /// What became of an account.
    enum Verdict: Sendable {
        /// Upstream answered, at this place of its answer.
        case answered(AccountResults, place: Int)
        case failed(CallFailure)
    }

    private struct Entry {
        let waiters: Waiters
        let verdict: Verdict
        /// How many of the waiters have been given it.
        var given = 0
    }

    /// Requests that are given a verdict at once; more are given it in pieces of this size.
    var pieceSize = 1024

    private var entries: Deque<Entry> = []

    var isEmpty: Bool { entries.isEmpty }

    mutating func append(_ verdict: Verdict, for waiters: Waiters) {
        entries.append(Entry(waiters: waiters, verdict: verdict))
    }

    /// The next requests that are to be given a verdict, each with the account's index in it; nil if there are none.
    mutating func takePiece() -> (waiters: [(RequestKey, Int)], verdict: Verdict)? {
        guard let entry = entries.first else { return nil }
        let piece = entry.waiters.piece(from: entry.given, count: pieceSize)
        if piece.isLast { entries.removeFirst() } else { entries[entries.startIndex].given = piece.end }
        return (piece.waiters, entry.verdict)
    }
}
