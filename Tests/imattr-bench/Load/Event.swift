import NIOCore

/// The end of one asking of a question.
struct Event: Sendable {
    /// Which caller of its crowd, from 0.
    var caller: Int
    var at: NIODeadline
    /// Since it was asked, this time.
    var wait: Duration
    /// Accounts in the question.
    var size: Int
    var reply: Reply

    var isRight: Bool { reply == .right }
}

extension [Event] {
    /// Accounts that were rightly answered.
    var accountsAnswered: Int { lazy.filter(\.isRight).reduce(0) { $0 + $1.size } }
    var right: [Event] { filter(\.isRight) }
    var wrong: [Event] { filter { $0.reply == .wrong } }
    var lost: [Event] { filter { $0.reply == .lost } }
    var waits: Percentiles { Percentiles(map(\.wait)) }

    /// The refusals that a client has no reason to repeat its question after.
    var final: [Event] {
        filter { event in
            if case .refused(let refusal) = event.reply { !refusal.data.retryable } else { false }
        }
    }

    func within(_ range: Range<NIODeadline>) -> [Event] { filter { range.contains($0.at) } }

    /// How many there are of each end but the right one, as text; those that are lost are what is missing from the sum.
    var otherEnds: [String] {
        (wrong.isEmpty ? [] : ["\(wrong.count) wrong"])
            + refusals.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
    }

    /// How many there are of each kind of refusal.
    var refusals: [Int: Int] {
        reduce(into: [:]) { counts, event in
            if case .refused(let refusal) = event.reply { counts[refusal.code, default: 0] += 1 }
        }
    }
}
