import Accounting

/// What the connections of a server share: its bounds, what counts against them, its counters, and memory for lines.
struct DoorLedger {
    /// A connection's places in the pots.
    struct Account {
        let connections: Pot.Place
        let answers: Pot.Place
        let input: Pot.Place
    }

    /// Whether another connection may come.
    enum Admission: Equatable {
        case free
        /// Once a connection of this principal is closed.
        case insteadOfOne(principal: Int)
        case refused(limit: String, Int)
    }

    /// What a principal can always have.
    private enum Floor {
        static let connections = 4
        static let answers = ServerLimits.maxUnwrittenPerConnection
        /// What the channel may have read beyond the end of a line.
        static let beyondLine = 32768
    }

    /// The bounds in force.
    var limits: ServerLimits {
        didSet { adjust() }
    }
    /// What has happened so far.
    var counters = ServerCounters()
    /// Memory for lines.
    var lines = LinePool()
    private var connections = Pot(capacity: 0, floor: 0, dividesAmongHolders: false)
    private var answers = Pot(capacity: 0, floor: 0, least: leastFound)
    private var input = Pot(capacity: 0, floor: 0, least: leastFound)
    /// Bytes of answers that a connection may have before a flush without asking for them: most answers are written by then.
    private(set) var freeBytes = 0

    /// Bytes that one must hold to be asked to give some back.
    private static let leastFound = 4096

    init(_ limits: ServerLimits) {
        self.limits = limits
        adjust()
    }

    private mutating func adjust() {
        let bytes = limits.maxBufferedBytes
        connections.capacity = max(0, limits.maxConnections)
        connections.floor = min(Floor.connections, connections.capacity)
        (answers.capacity, input.capacity) = (bytes, bytes)
        answers.floor = min(Floor.answers, bytes)
        input.floor = min(limits.maxLineBytes + Floor.beyondLine, bytes)
        freeBytes = min(4096, bytes / 64)
    }

    /// Bytes of answers that no client has taken yet.
    var buffered: Int { answers.held }
    /// Bytes of lines that have not been taken yet.
    var inputBytes: Int { input.held }

    // MARK: Connections

    /// Whether a connection may come that would be one of `account`'s principal, and is charged already.
    func admission(of account: Account) -> Admission {
        let refused = Admission.refused(limit: "maxConnections", connections.capacity)
        let ofPrincipal = connections.heldByPrincipal(of: account.connections)
        guard connections.mayHold(1, more: account.connections) else { return refused }
        if connections.held < connections.capacity { return .free }
        // It must be due to the floor that it may come. One more of those that have as many would not be fairer.
        guard let largest = connections.largest, largest.heldByPrincipal > ofPrincipal + 1 else { return refused }
        return .insteadOfOne(principal: largest.principal)
    }

    /// Makes the account of a connection, which holds nothing yet.
    mutating func open(for principal: Principal, number: UInt64) -> Account {
        Account(
            connections: connections.makePlace(for: principal, name: number),
            answers: answers.makePlace(for: principal, name: number),
            input: input.makePlace(for: principal, name: number))
    }

    /// The connection is admitted.
    mutating func admit(_ account: Account) { connections.force(1, on: account.connections) }

    /// Ends an account, and releases all that it holds. It must not be used any more.
    mutating func close(_ account: Account) {
        connections.giveUp(account.connections)
        answers.giveUp(account.answers)
        input.giveUp(account.input)
    }

    // MARK: Bytes

    /// Bytes of answers that a connection has charged.
    func answerBytes(of account: Account) -> Int { answers.held(by: account.answers) }

    /// Whether there is room for another answer of a connection.
    /// - Parameter uncharged: Bytes that it has and that are not charged yet.
    func hasRoom(for account: Account, beyond uncharged: Int) -> Bool {
        let more = max(0, uncharged) + 1
        // Nearly always. To ask more, the pot is copied.
        if answers.held + more <= answers.floor { return true }
        return answers.mayHold(more, more: account.answers)
    }

    /// Charges bytes of an answer.
    /// - Returns: Whether there was room for them; if not, nothing is charged.
    mutating func charge(answerBytes count: Int, to account: Account) -> Bool {
        answers.charge(count, to: account.answers)
    }

    /// Has this many bytes of answers charged to a connection, whether there is room for them or not.
    mutating func settle(answerBytes count: Int, of account: Account) {
        let more = count - answers.held(by: account.answers)
        if more < 0 {
            answers.release(-more, from: account.answers)
        } else if more > 0, !answers.charge(more, to: account.answers) {
            answers.force(more, on: account.answers)
        }
    }

    /// A connection has this many bytes in lines now.
    /// - Returns: Whether there is room for them. They are charged in any case.
    mutating func settle(inputBytes count: Int, of account: Account) -> Bool {
        let more = count - input.held(by: account.input)
        if more <= 0 {
            input.release(-more, from: account.input)
        } else if !input.charge(more, to: account.input) {
            input.force(more, on: account.input)
            return false
        }
        return true
    }

    // MARK: Relief

    /// What gives way to the floors of others.
    enum Relief: Equatable {
        /// The unread answers of this connection.
        case answers(UInt64)
        /// The line of this connection that has not ended.
        case line(UInt64)
    }

    /// Whether a floor was given that a pot did not have.
    var needsRelief: Bool { answers.isOverdrawn || input.isOverdrawn }

    /// What is to give way; nil if that is not needed, or no holder is large enough.
    var relief: Relief? {
        if answers.isOverdrawn, let largest = answers.largest { return .answers(largest.holder) }
        if input.isOverdrawn, let largest = input.largest { return .line(largest.holder) }
        return nil
    }
}

/// What has come through the door, and what has not.
public struct ServerCounters: Hashable, Sendable {
    /// Connections that were served.
    public internal(set) var connections = 0
    /// Connections that were one too many, by the name of the limit.
    public internal(set) var refusedConnections = ["maxConnections": 0, "maxConnectionsPerUid": 0]
    /// Connections that were closed because their clients took no answers.
    public internal(set) var stuckConnections = 0
    /// Connections that lost their unread answers, a line that had not ended, or their place, since another principal had a
    /// right to the room, by the name of the limit.
    public internal(set) var displaced = ["maxConnections": 0, "maxBufferedBytes": 0]
    /// How often the process had no descriptor left for another connection.
    public internal(set) var descriptorShortages = 0
    /// Lines and items of batches that were no request, by the code of the error.
    public internal(set) var refusedLines: [Int: Int] = [:]
    /// Answers that gave way to an error because too many wait to be taken.
    public internal(set) var refusedAnswers = 0
}
