import AttributeValues
import NIOCore

/// Where a connection to the server is between its beginning and its end, and what follows from what happens to it. One
/// exchange at a time goes over it.
///
/// It measures round trips, from the moment at which a request has been written to the moment at which its answer's
/// head comes. Late is safe: it makes the measured time too short. The first answer of a connection does not count: the
/// request may have waited for what a new connection does first, and a time that is too long would make the limiter
/// count on too much.
struct UpstreamConnectionState {
    /// The largest body that is read: 100 users have at most about 630 KB, all escaped.
    static let maximumBodySize = 1 << 20
    /// A loss that comes later than this after sending is no sign that the connection had been dead before, unless the
    /// bytes were never acknowledged.
    static let staleTime: Duration = .milliseconds(2500)
    /// After which bytes that the server's kernel has not acknowledged become a loss.
    static let unacknowledgedTime: Duration = .seconds(2)

    /// An answer that has come as a whole.
    struct Answer: Equatable {
        let head: ResponseParser.Head
        let headReceivedAt: Moment
        let roundTrip: Duration?
        let body: ByteBuffer
        /// False if it may be the answer to another request: it came before this one was written, or bytes came after
        /// its end.
        let isCertain: Bool
        /// Whether the connection can be used again.
        let canBeKept: Bool
    }

    /// Why there is no answer.
    struct Failure: Error, Equatable {
        let error: TransportError
        /// Whether any byte of the request may have left.
        let wasSent: Bool
        /// The header `Date`, if a head came.
        var date: String?
        var roundTrip: Duration?
        /// When the request left, if the failure looks like that of a connection that was dead by then: connections
        /// that have been idle since before may be dead, too.
        var suspectsIdleSince: Moment?
    }

    /// What is to be done.
    enum Action: Equatable {
        case nothing
        /// The answer is to be read, and then ``answerWasRead(keeps:)`` to be called.
        case read(Answer)
        /// The channel is to be closed, and the call has failed.
        case fail(Failure)
        /// The channel is to be closed; no call is on it.
        case close
    }

    private enum Phase {
        /// TCP, the handshake, and the check of the certificate; a call waits for it.
        case connecting
        case idle
        case busy(Exchange)
        case closed
    }

    /// Whether a connection has served an exchange.
    private enum Use { case new, used }

    private struct Exchange {
        /// How much of its answer has come.
        enum Coming { case nothing, part, all }

        /// Whose answer it is.
        enum Origin {
            case certain
            /// It came before the request was written, or bytes came after its end.
            case doubtful
        }

        let leftAt: Moment
        /// Of the connection, before this exchange.
        let use: Use
        /// When the socket had taken all of the request; nil until then.
        var writtenAt: Moment?
        var coming = Coming.nothing
        var origin = Origin.certain
        var head: (head: ResponseParser.Head, at: Moment)?
        var roundTrip: Duration?
    }

    private var phase = Phase.connecting
    private var use = Use.new
    private var parser = ResponseParser()
    private var body = ByteBuffer()

    /// Whether it waits for a request.
    var isIdle: Bool {
        guard case .idle = phase else { return false }
        return true
    }

    // MARK: Events

    /// The handshake is done, and the certificate is the server's.
    mutating func connected() {
        if case .connecting = phase { phase = .idle }
    }

    /// A request is about to be written. The connection has to be idle.
    mutating func send(now: Moment) {
        guard case .idle = phase else { preconditionFailure("a request for a connection that is not idle") }
        parser = ResponseParser()
        body = ByteBuffer()
        phase = .busy(Exchange(leftAt: now, use: use))
    }

    /// The socket has taken all that was to be written.
    mutating func written(now: Moment) {
        guard case .busy(var exchange) = phase, exchange.writtenAt == nil else { return }
        exchange.writtenAt = now
        phase = .busy(exchange)
    }

    /// Bytes came. An answer that they complete is judged when all that came with it is known, in ``readCompleted()``.
    mutating func received(_ bytes: ByteBuffer, now: Moment) -> Action {
        switch phase {
        case .connecting, .closed: return .nothing
        case .idle:
            phase = .closed
            return .close
        case .busy(var exchange):
            let error = read(bytes, &exchange, now: now)
            phase = .busy(exchange)
            return error.map { fail($0, now: now) } ?? .nothing
        }
    }

    /// Nothing more has come for now.
    mutating func readCompleted() -> Action {
        guard case .busy(let exchange) = phase, case .all = exchange.coming else { return .nothing }
        return answer(exchange, canBeKept: true) ?? .nothing
    }

    /// An answer has been read.
    /// - Parameter keeps: Whether another request may be sent.
    mutating func answerWasRead(keeps: Bool) {
        guard case .busy = phase else { return }
        phase = keeps ? .idle : .closed
    }

    /// The channel was closed by the other side.
    mutating func closed(now: Moment) -> Action {
        if case .busy(var exchange) = phase, exchange.coming != .all, parser.endOfFile() {
            exchange.coming = .all
            phase = .busy(exchange)
        }
        return fail(.closedByServer, now: now)
    }

    /// It cannot go on, or shall not.
    mutating func fail(_ error: TransportError, now: Moment) -> Action {
        defer { phase = .closed }
        switch phase {
        case .connecting: return .fail(Failure(error: error, wasSent: false))
        case .idle: return .close
        case .busy(let exchange):
            // What happens afterwards does not change an answer.
            if case .all = exchange.coming, let answer = answer(exchange, canBeKept: false) { return answer }
            return .fail(failure(exchange, error, now: now))
        case .closed: return .nothing
        }
    }

    // MARK: The exchange

    /// - Returns: Why the answer is of no use, if it is not.
    private mutating func read(_ bytes: ByteBuffer, _ exchange: inout Exchange, now: Moment) -> TransportError? {
        if case .all = exchange.coming {
            exchange.origin = .doubtful
            return nil
        }
        exchange.coming = .part
        parser.append(bytes)
        do {
            while let part = try parser.next() {
                switch part {
                case .head(let head):
                    note(head, &exchange, now: now)
                    if head.status != 200 { return .status(head.status) }
                case .body(let part):
                    guard body.readableBytes + part.readableBytes <= Self.maximumBodySize else { return .bodyTooLarge }
                    if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
                case .end:
                    exchange.coming = .all
                    if parser.hasUnreadBytes { exchange.origin = .doubtful }
                }
            }
            return nil
        } catch {
            return .noHTTP(error.reason)
        }
    }

    private mutating func note(_ head: ResponseParser.Head, _ exchange: inout Exchange, now: Moment) {
        exchange.head = (head, at: now)
        if let writtenAt = exchange.writtenAt {
            if case .used = use { exchange.roundTrip = now - writtenAt }
        } else {
            exchange.origin = .doubtful
        }
        use = .used
    }

    private func answer(_ exchange: Exchange, canBeKept: Bool) -> Action? {
        guard let (head, at) = exchange.head else { return nil }
        let isCertain = exchange.origin == .certain
        return .read(
            Answer(
                head: head, headReceivedAt: at, roundTrip: exchange.roundTrip, body: body, isCertain: isCertain,
                canBeKept: canBeKept && isCertain && head.keepsConnection))
    }

    private func failure(_ exchange: Exchange, _ error: TransportError, now: Moment) -> Failure {
        var failure = Failure(
            error: error, wasSent: true, date: exchange.head?.head.date, roundTrip: exchange.roundTrip)
        guard case .used = exchange.use, case .nothing = exchange.coming else { return failure }
        if let loss = error.loss, error == .unacknowledged || now - exchange.leftAt <= Self.staleTime {
            failure = Failure(error: .stale(loss), wasSent: true, suspectsIdleSince: exchange.leftAt)
        } else if error == .timedOut {
            failure.suspectsIdleSince = exchange.leftAt
        }
        return failure
    }
}
