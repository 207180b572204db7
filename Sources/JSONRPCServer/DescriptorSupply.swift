/// Whether connections are accepted while the process may have no descriptor left for one. Accepting pauses then, as the
/// loop would try again and again without end.
struct DescriptorSupply {
    private enum State {
        case enough
        /// Nothing is accepted until a descriptor may be free.
        case short
        /// Accepting goes on, and it is not known yet whether a descriptor is free: without one, the kernel does not even say
        /// that no connection waits.
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

    /// Whether accepting pauses.
    var isShort: Bool {
        switch state {
        case .short: true
        case .enough, .trying: false
        }
    }

    /// A connection could not be accepted.
    mutating func failed() -> Action {
        defer { state = .short }
        return switch state {
        case .enough: .pause(isNew: true)
        case .trying: .pause(isNew: false)
        case .short: .nothing
        }
    }

    /// A descriptor may be free, since a connection has closed.
    mutating func mayBeFree() -> Action {
        guard case .short = state else { return .nothing }
        state = .trying
        return .resume
    }

    /// Some time has gone by since accepting was paused or went on. If it has gone on without a failure, nothing waits to be
    /// accepted.
    mutating func timePassed() -> Action {
        switch state {
        case .enough: return .nothing
        case .short: return mayBeFree()
        case .trying:
            state = .enough
            return .recovered
        }
    }

    /// A connection was accepted.
    mutating func accepted() -> Action {
        guard case .trying = state else { return .nothing }
        state = .enough
        return .recovered
    }
}
