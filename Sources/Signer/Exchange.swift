/// What happens on one connection, as a value: bytes go in, bytes come out.
///
/// A line is answered before the next one is read, so that a client that does not read its answers costs one of them and no more.
struct Exchange: Sendable {
    private enum State {
        case reading
        /// - Parameters:
        ///   - rest: Of the answer.
        ///   - isLast: Whether the connection is closed after it.
        case writing(rest: ArraySlice<UInt8>, isLast: Bool)
        case closed
    }

    private var reader = LineReader()
    private var state = State.reading

    /// Bytes that may be read now; 0 while an answer is being written.
    var room: Int { if case .reading = state { reader.room } else { 0 } }

    /// What is to be written; empty if nothing is.
    var output: ArraySlice<UInt8> { if case .writing(let rest, _) = state { rest } else { [] } }

    /// Whether the connection is to be closed.
    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// The client has sent bytes, ``room`` at most.
    mutating func received(_ bytes: some Collection<UInt8>) { reader.append(bytes) }

    /// Answers the next line.
    /// - Returns: Whether there was one: it is not, while none is whole or an answer is still being written.
    mutating func answerNext(_ answer: (LineReader.Line) -> [UInt8]) -> Bool {
        guard case .reading = state, let line = reader.next() else { return false }
        state = .writing(rest: answer(line)[...], isLast: line == .tooLong)
        return true
    }

    /// Bytes of ``output`` were taken.
    mutating func wrote(_ count: Int) {
        guard case .writing(let rest, let isLast) = state else { return }
        state = rest.count > count ? .writing(rest: rest.dropFirst(count), isLast: isLast) : isLast ? .closed : .reading
    }

    /// The client has gone: what it has not sent to the end of a line is no request.
    mutating func ended() { state = .closed }
}
