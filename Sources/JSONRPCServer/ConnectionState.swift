import JSONRPC
import NIOCore

/// The state of a connection. Events go in, ``Actions`` come out, and nothing here knows of channels, sockets or time.
struct ConnectionState {
    /// What is to be done after an event, in the order of the cases.
    struct Actions: OptionSet {
        let rawValue: UInt8

        /// Flush at the end of this turn of the loop: so that answers of one turn leave together, and because a channel must
        /// not be closed while its input ends (a write can close it, too).
        static let flushLater = Actions(rawValue: 1)
        /// Flush now.
        static let flush = Actions(rawValue: 2)
        /// Take lines, or withdraw requests, in a later turn of the loop.
        static let takeTurn = Actions(rawValue: 4)
        /// Read from the channel.
        static let read = Actions(rawValue: 8)
        /// Close the channel.
        static let close = Actions(rawValue: 16)
        /// Let the service know that the client does not read its answers.
        static let readingStopped = Actions(rawValue: 32)
        /// Let the service know that it reads them again.
        static let readingResumed = Actions(rawValue: 64)
        /// End the client's side: it cannot send any more, and what it has sent can still be read.
        static let endInput = Actions(rawValue: 128)
    }

    /// What comes of an attempt to take a line.
    enum Step {
        /// A request, a notification or an invalid item, and where its answer goes.
        case item(BatchItem, AnswerPlace)
        /// A line that asks for nothing, or that was refused as a whole.
        case line
        /// No line can be taken now.
        case nothing
    }

    enum Phase {
        /// Lines are taken.
        case open
        /// The daemon has ended the client's side; the lines that it had sent are still read and taken.
        case closing
        /// The client's side has ended, and all that it had sent is read; its lines are still taken, and what comes after the last end of
        /// a line if the client has ended its side itself.
        case ended(byClient: Bool)
        /// No line is taken any more. The channel closes as soon as everything is answered and written.
        case draining
        /// The channel is closed. Requests may be left to be withdrawn.
        case closed
    }

    /// What the client speaks.
    enum Speech {
        /// It has not sent a line yet.
        case unknown
        case jsonRPC
    }

    /// Whether the channel has asked to read.
    enum Reading {
        /// It reads, or has not asked.
        case free
        /// It has asked, and the answer waits until there is room for more answers.
        case held
    }

    /// Whether the client reads its answers, as the service knows it.
    enum Client {
        case reads
        case doesNotRead
    }

    /// Whether lines are left for a later turn.
    enum Turn {
        case idle
        /// Lines are being taken: what they are answered with is written when that is done.
        case taking
        /// The next turn is asked for.
        case queued
    }

    /// Whether a flush comes at the end of this turn of the loop.
    enum NextFlush {
        case none
        /// ``Actions/flushLater`` was given.
        case queued
    }

    private(set) var phase = Phase.open
    var speech = Speech.unknown
    /// The text over several lines that is being passed over.
    var spread: SpreadText?
    private(set) var reading = Reading.free
    private(set) var client = Client.reads
    var turn = Turn.idle
    private var nextFlush = NextFlush.none
    var lines: LineBuffer
    var output: Output
    var waiting = WaitingCalls()
    /// Bytes of the line that was taken last.
    var lastLineBytes = 0
    /// The batch whose items are being taken.
    var batch: BatchInProgress?
    /// Requests to be withdrawn piece by piece.
    var withdrawals: [Withdrawal] = []
    /// What this connection holds of what all share.
    let account: DoorLedger.Account
    /// Bytes of answers that wait for the other answers of their batches.
    var inBatches = 0
    /// Bytes that are charged to the account.
    var chargedAnswers = 0
    private var chargedInput = 0
    private var lastCall: UInt64 = 0

    init(_ limits: ServerLimits, account: DoorLedger.Account) {
        self.account = account
        lines = LineBuffer(limit: limits.maxLineBytes)
        output = Output(timeout: limits.writeTimeout)
    }

    // MARK: Predicates

    // Inlined, as the state is large, and would be copied for each of these calls.

    @inline(__always)
    var isOpen: Bool {
        if case .closed = phase { false } else { true }
    }

    /// Whether lines are taken at all.
    @inline(__always)
    var takesLines: Bool {
        switch phase {
        case .open, .closing, .ended: true
        case .draining, .closed: false
        }
    }

    /// Whether bytes are taken.
    @inline(__always)
    var takesInput: Bool {
        switch phase {
        case .open, .closing: true
        case .ended, .draining, .closed: false
        }
    }

    /// Lines are taken while there is room for their answers. When there is none, a client gets one line answered at a time,
    /// and the next when it has taken that answer.
    @inline(__always)
    func hasRoom(_ ledger: inout DoorLedger) -> Bool {
        let unread = unread
        return unread == 0
            || unread <= ServerLimits.maxUnwrittenPerConnection
                && ledger.hasRoom(for: account, beyond: unread - chargedAnswers)
    }

    /// Bytes of answers that the client has not been sent.
    @inline(__always)
    var unread: Int { output.unwritten + inBatches }

    /// Requests that have not been answered.
    var waitingRequests: Int { waiting.count }
    /// Whether no request waits, and no answer is unread.
    var isIdle: Bool { waiting.isEmpty && batch == nil && unread == 0 && lines.count == 0 }

    /// Whether a turn would find something to do.
    @inline(__always)
    func hasWork(_ ledger: inout DoorLedger) -> Bool {
        if !withdrawals.isEmpty || batch != nil { return true }
        switch phase {
        case .open, .closing: return lines.mayHaveLine && hasRoom(&ledger)
        case .ended: return hasRoom(&ledger)
        case .draining, .closed: return false
        }
    }

    @inline(__always)
    private func mayRead(_ ledger: inout DoorLedger) -> Bool {
        guard takesInput, case .idle = turn else { return false }
        return batch == nil && hasRoom(&ledger)
    }

    @inline(__always)
    private var isDone: Bool {
        guard case .draining = phase else { return false }
        return waiting.isEmpty && batch == nil && withdrawals.isEmpty && output.unwritten == 0
    }

    // MARK: The channel

    /// The channel asks to read.
    /// - Returns: Whether it may now; if not, ``Actions/read`` follows.
    mutating func readRequested(_ ledger: inout DoorLedger) -> Bool {
        if mayRead(&ledger) { return true }
        reading = .held
        return false
    }

    /// Bytes have come.
    mutating func received(_ bytes: ByteBuffer) {
        if takesInput { lines.append(bytes) }
    }

    /// The client's side has ended, and all is read.
    mutating func inputEnded() {
        switch phase {
        case .open: phase = .ended(byClient: true)
        case .closing: phase = .ended(byClient: false)
        case .ended, .draining, .closed: break
        }
    }

    /// The channel is closed: no answer can be sent any more, and the account is closed. What waits is withdrawn.
    mutating func closed(_ ledger: inout DoorLedger) {
        guard isOpen else { return }
        phase = .closed
        lines.removeAll()
        batch = nil
        withdrawals = waiting.isEmpty ? [] : [Withdrawal(waiting.numbers, answer: nil)]
        output.removeAll()
        (inBatches, chargedAnswers, chargedInput) = (0, 0, 0)
        ledger.close(account)
    }

    /// The connection is to close once everything is answered and written. Were it closed while something that the client has sent is
    /// not read, the client would get ECONNRESET, and no answer.
    mutating func closeWhenDone() -> Actions {
        guard case .open = phase else { return .flush }
        phase = .closing
        return [.endInput, .flush]
    }

    /// No more lines are taken, and those that came are dropped.
    mutating func drain(_ ledger: inout DoorLedger) {
        guard isOpen else { return }
        phase = .draining
        dropInput(&ledger)
    }

    /// As ``drain(_:)`` when all lines are taken.
    mutating func inputTaken() { phase = .draining }

    private mutating func dropInput(_ ledger: inout DoorLedger) {
        lines.removeAll()
        _ = countInput(&ledger)
    }

    // MARK: Taking turns

    /// The turn came that ``Actions/takeTurn`` asked for.
    mutating func turnCame() { turn = .idle }

    /// A turn begins: lines are taken until ``turnEnded(_:)``.
    mutating func turnBegins() { turn = .taking }

    /// The channel has read everything that there was, which ends a turn if it has read something at all: a channel whose
    /// input has ended says so, too.
    mutating func readCompleted(_ ledger: inout DoorLedger) -> Actions {
        guard case .taking = turn else {
            // A write could close the channel while its input ends.
            if case .draining = phase { return flushSoon() }
            return []
        }
        let actions = turnEnded(&ledger)
        switch phase {
        case .open, .closing, .ended: return output.unwritten == 0 ? actions : actions.union(.flush)
        case .draining: return actions.union(flushSoon())
        case .closed: return actions
        }
    }

    /// All lines are taken that can be taken in this turn.
    mutating func turnEnded(_ ledger: inout DoorLedger) -> Actions {
        turn = .idle
        lines.releaseMemory()
        if !countInput(&ledger), takesLines { refuseInput(&ledger) }
        return goOn(&ledger)
    }

    /// There is no room for the line that has not ended.
    private mutating func refuseInput(_ ledger: inout DoorLedger) {
        refuse(.overloadedServer("maxBufferedBytes", ledger.limits.maxBufferedBytes), &ledger)
        drain(&ledger)
    }

    /// The line that has not ended gives way to another principal's.
    mutating func giveUpLine(_ ledger: inout DoorLedger) -> Actions {
        guard takesLines else { return [] }
        refuseInput(&ledger)
        return flushSoon()
    }

    /// - Returns: Whether there is room for what has come.
    private mutating func countInput(_ ledger: inout DoorLedger) -> Bool {
        guard lines.count != chargedInput, isOpen else { return true }
        chargedInput = lines.count
        return ledger.settle(inputBytes: chargedInput, of: account)
    }

    /// Goes on with what had to wait: for a later turn, or until there is room for more answers.
    mutating func goOn(_ ledger: inout DoorLedger) -> Actions {
        var actions: Actions = []
        if case .idle = turn, hasWork(&ledger) {
            turn = .queued
            actions.insert(.takeTurn)
        }
        if case .held = reading, mayRead(&ledger) {
            reading = .free
            actions.insert(.read)
        }
        return actions
    }

    /// Has answers flushed, unless that happens anyway.
    mutating func flushSoon() -> Actions {
        if case .taking = turn { return [] }
        guard case .none = nextFlush else { return [] }
        nextFlush = .queued
        return .flushLater
    }

    // MARK: Flushing

    /// Answers are written to the socket as far as it takes them.
    /// - Parameter send: Writes bytes to the socket; returns how many, or less than 1.
    mutating func flush(_ ledger: inout DoorLedger, _ send: (Span<UInt8>) -> Int) -> Actions {
        nextFlush = .none
        guard isOpen else { return [] }
        let gone = output.writeNow(send)
        settle(&ledger)
        if isDone { return .close }
        let progress = noteProgress()
        return gone > 0 && output.unwritten == 0 ? progress.union(goOn(&ledger)) : progress
    }

    /// The channel has written bytes that it was given.
    mutating func written(_ count: Int, _ ledger: inout DoorLedger) -> Actions {
        guard isOpen else { return [] }
        output.written(count)
        settle(&ledger)
        return isDone ? flushSoon() : noteProgress().union(goOn(&ledger))
    }

    /// Has the account hold what was not written, and no more.
    mutating func settle(_ ledger: inout DoorLedger) {
        guard chargedAnswers != unread else { return }
        chargedAnswers = unread
        ledger.settle(answerBytes: unread, of: account)
    }

    /// Whether the service is to know that the client has begun or ceased to read. Answers that wait for their batch do not
    /// matter here: they cannot be read yet, and must not keep the rest of the batch from being fetched.
    private mutating func noteProgress() -> Actions {
        switch client {
        case .reads where output.unwritten > ServerLimits.maxUnwrittenPerConnection:
            client = .doesNotRead
            return .readingStopped
        case .doesNotRead where output.unwritten <= ServerLimits.maxUnwrittenPerConnection:
            client = .reads
            return .readingResumed
        case .reads, .doesNotRead: return []
        }
    }

    /// The number of the next request.
    mutating func nextNumber() -> UInt64 {
        lastCall += 1
        return lastCall
    }
}
