import IMAttrClient

/// Asks for all accounts of the input, many requests at a time, and hands over what is answered.
///
/// Reading, asking and writing go on beside each other: slow input does not delay answers, and a slow reader of the output slows
/// the asking.
struct GetJob {
    /// Requests under way at once; answers that wait for their turn count too.
    static let inFlight = 32

    let client: IMAttrClient
    let input: AccountInput
    let timeout: Duration
    let maxAge: Duration?
    /// Whether answers are handed over as they come, and not in input order.
    let asTheyArrive: Bool
    private let patience = Patience()

    init(client: IMAttrClient, input: AccountInput, timeout: Duration, maxAge: Duration?, asTheyArrive: Bool) {
        self.client = client
        self.input = input
        self.timeout = timeout
        self.maxAge = maxAge
        self.asTheyArrive = asTheyArrive
    }

    private enum Event: Sendable {
        case read(Block?)
        case answered(Int, AnsweredBlock)
    }

    /// Runs to the end of the input.
    ///
    /// - Throws: The first error: ``IMAttrError``, ``InputError``, what `deliver` throws. What was delivered before is whole.
    func run(_ deliver: (AnsweredBlock) throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            var turns = Turns(asTheyArrive: asTheyArrive)
            group.addTask { .read(try await input.next()) }
            var isReading = true
            var hasEnded = false
            while let event = try await group.next() {
                switch event {
                case .read(nil):
                    hasEnded = true
                case .read(let block?):
                    isReading = false
                    let number = turns.begin()
                    group.addTask { .answered(number, try await ask(block)) }
                case .answered(let number, let block):
                    for block in turns.end(number, block) { try deliver(block) }
                }
                if !hasEnded, !isReading, turns.open < Self.inFlight {
                    isReading = true
                    group.addTask { .read(try await input.next()) }
                }
            }
        }
    }

    private func ask(_ block: Block) async throws -> AnsweredBlock {
        while true {
            patience.noteAsking()
            do {
                let result = try await client.getAttrs(block.accounts, timeout: timeout, maxAge: maxAge)
                patience.noteAnswer()
                return AnsweredBlock(block, result)
            } catch {
                guard let pause = patience.pause(after: error) else { throw error }
                try await Task.sleep(for: pause)
            }
        }
    }
}

/// Which answers' turn it is.
struct Turns {
    private let asTheyArrive: Bool
    private var begun = 0
    private var next = 0
    private var early: [Int: AnsweredBlock] = [:]
    private var delivered = 0

    init(asTheyArrive: Bool) { self.asTheyArrive = asTheyArrive }

    /// Blocks that have not been delivered.
    var open: Int { begun - delivered }

    /// A new block; gives its number.
    mutating func begin() -> Int {
        defer { begun += 1 }
        return begun
    }

    /// A block is answered; gives what is to be delivered now.
    mutating func end(_ number: Int, _ block: AnsweredBlock) -> [AnsweredBlock] {
        if asTheyArrive {
            delivered += 1
            return [block]
        }
        early[number] = block
        var due: [AnsweredBlock] = []
        while let block = early.removeValue(forKey: next) {
            due.append(block)
            next += 1
        }
        delivered += due.count
        return due
    }
}
