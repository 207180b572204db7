import NIOCore

/// Which shortages of descriptors are logged: a line when one begins, and one when it is over. Shortages that follow each
/// other closely, as callers come and go, are one.
struct ShortageLog {
    /// How long there must be no new shortage.
    static let calm = TimeAmount.seconds(5)

    enum Action: Equatable {
        case nothing
        case logBegin
        /// ``calmed()`` is to be called after ``calm``.
        case awaitCalm
        /// It is not to be called any more.
        case cancelCalm
        /// After this many shortages.
        case logEnd(count: Int)
    }

    private enum State {
        case enough
        case short(count: Int)
        case calming(count: Int)
    }

    private var state = State.enough

    /// A shortage begins, or is over.
    mutating func changed(isShort: Bool) -> Action {
        switch (state, isShort) {
        case (.enough, true):
            state = .short(count: 1)
            return .logBegin
        case (.short(let count), false):
            state = .calming(count: count)
            return .awaitCalm
        case (.calming(let count), true):
            state = .short(count: count + 1)
            return .cancelCalm
        case (.enough, false), (.short, true), (.calming, false): return .nothing
        }
    }

    /// There was no new shortage for a while.
    mutating func calmed() -> Action {
        guard case .calming(let count) = state else { return .nothing }
        state = .enough
        return .logEnd(count: count)
    }
}
