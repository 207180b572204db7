/// What is going on between this process and the signer. A value: events go in, actions come out.
///
/// The connection stays open after an answer, because its end says that the signer was restarted, perhaps with another key.
struct SignerLinkState: Sendable {
    /// Time for a connection, and then for an answer.
    static let patience: Duration = .seconds(5)
    /// The longest time between attempts.
    static let longestPause: Duration = .seconds(5)

    private enum State: Equatable {
        /// - Parameter failures: Attempts in a row that came to nothing.
        case pausing(failures: Int)
        case connecting(failures: Int)
        /// - Parameter isFirst: Whether nothing was answered on this connection yet.
        case asking(failures: Int, isFirst: Bool)
        /// Answered; the connection is idle.
        case idle
        case stopped
    }

    /// What the owner has to do.
    enum Action: Equatable, Sendable {
        case connect
        case ask
        /// Close the connection, or give up the one in the making. It is not reported.
        case close
        /// Report ``timeIsUp()`` after this time, in the place of any earlier alarm.
        case setAlarm(Duration)
        /// No UserSig came.
        case failed(SignerTrouble)
        /// - Parameter isFirst: Whether it is the first one on its connection: the signer may have been restarted before.
        case answered(SignerAnswer, isFirst: Bool)
    }

    private var state = State.pausing(failures: 0)

    /// Begins.
    mutating func start() -> [Action] { connect(failures: 0) }

    /// Another UserSig is wanted. It comes, or ``Action/failed(_:)`` does.
    mutating func wantAnother() -> [Action] {
        guard case .idle = state else { return [] }
        return ask(failures: 0, isFirst: false)
    }

    mutating func connected() -> [Action] {
        guard case .connecting(let failures) = state else { return [] }
        return ask(failures: failures, isFirst: true)
    }

    /// The connection was not made, with this reason.
    mutating func connectingFailed(_ reason: String) -> [Action] {
        guard case .connecting(let failures) = state else { return [] }
        return pause(after: failures + 1, .away("it cannot be reached: \(reason)"))
    }

    /// - Parameter line: An answer without its end; nil if it is too long.
    mutating func received(_ line: [UInt8]?) -> [Action] {
        guard case .asking(let failures, let isFirst) = state else { return [] }
        guard let answer = line.flatMap(SignerAnswer.init(line:)) else {
            return [.close] + pause(after: failures + 1, .away("its answer cannot be understood"))
        }
        state = .idle
        return [.answered(answer, isFirst: isFirst)]
    }

    /// The other side has closed the connection.
    mutating func closed() -> [Action] {
        switch state {
        case .pausing, .connecting, .stopped: return []
        case .asking(let failures, _): return pause(after: failures + 1, .away("it has closed the connection"))
        // It was restarted, or has made room for another connection: nothing has failed.
        case .idle: return pause(after: 0, nil)
        }
    }

    mutating func timeIsUp() -> [Action] {
        switch state {
        case .pausing(let failures): return connect(failures: failures)
        case .connecting(let failures), .asking(let failures, _):
            return [.close] + pause(after: failures + 1, .away("it does not answer"))
        // The next one is due; or a signer without a key is asked whether it has one now.
        case .idle: return ask(failures: 0, isFirst: false)
        case .stopped: return []
        }
    }

    mutating func stop() -> [Action] {
        defer { state = .stopped }
        return state == .stopped ? [] : [.close]
    }

    private mutating func connect(failures: Int) -> [Action] {
        state = .connecting(failures: failures)
        return [.setAlarm(Self.patience), .connect]
    }

    private mutating func ask(failures: Int, isFirst: Bool) -> [Action] {
        state = .asking(failures: failures, isFirst: isFirst)
        return [.setAlarm(Self.patience), .ask]
    }

    private mutating func pause(after failures: Int, _ trouble: SignerTrouble?) -> [Action] {
        state = .pausing(failures: failures)
        let pause = min(Self.longestPause, .milliseconds(100) * (1 << min(failures, 6)))
        return [.setAlarm(pause)] + (trouble.map { [.failed($0)] } ?? [])
    }
}
