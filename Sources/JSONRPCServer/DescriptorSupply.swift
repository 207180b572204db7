/// Whether connections are accepted while the process may have no descriptor left for one. Accepting pauses then, as the
/// loop would try again and again without end.
struct DescriptorSupply {
    private enum State {
        case enough
        /// Nothing is accepted until a descriptor may be free.
        case short
        /// Accepting goes on, and it is not known yet whether a descriptor is free.
        case trying
    }

    enum Action: Equatable {
        case nothing
        /// Accept nothing. It is the beginning of a shortage if it did not last already.
        case pause(isNew: Bool)
        case resume
        /// The shortage is over.
        case recovered
    }

    private var state = State.enough

    /// A connection could not be accepted.
    mutating func failed() -> Action {
        defer { state = .short }
        return switch state {
        case .enough: .pause(isNew: true)
        case .trying: .pause(isNew: false)
        case .short: .nothing
        }
    }

    /// A descriptor may be free: a connection has closed, or time has gone by.
    mutating func mayBeFree() -> Action {
        guard case .short = state else { return .nothing }
        state = .trying
        return .resume
    }

    /// A connection was accepted.
    mutating func accepted() -> Action {
        guard case .trying = state else { return .nothing }
        state = .enough
        return .recovered
    }
}
