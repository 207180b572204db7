import AttributeAPI
import IMAttrClient
import JSONTokens

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
    let whenRefused: WhenRefused
    private let patience = Patience()

    /// What an account that upstream refuses does to the others.
    enum WhenRefused {
        /// It ends the job.
        case end
        /// Nothing; its refusal is a part of the answers.
        case goOn
    }

    /// How much longer an answer is waited for than the daemon may take.
    private static let grace: Duration = .seconds(2)

    init(
        client: IMAttrClient, input: AccountInput, timeout: Duration, maxAge: Duration?, asTheyArrive: Bool = false,
        whenRefused: WhenRefused = .goOn
    ) {
        self.client = client
        self.input = input
        self.timeout = timeout
        self.maxAge = maxAge
        self.asTheyArrive = asTheyArrive
        self.whenRefused = whenRefused
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
        switch whenRefused {
        case .end: try await askForAll(block)
        case .goOn: try await askForParts(block)
        }
    }

    /// An account that is refused ends it.
    private func askForAll(_ block: Block) async throws -> AnsweredBlock {
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

    /// What is refused for good is a part of the answer, and what may be answered later is asked for again.
    private func askForParts(_ block: Block) async throws -> AnsweredBlock {
        var block = OpenBlock(block)
        while true {
            patience.noteAsking()
            let pause: Duration?
            do {
                let answer = try await partialAnswer(block.open)
                patience.noteAnswer()
                pause = try block.take(answer)
            } catch  where error.retryable {
                guard let least = patience.pause(after: error) else { throw error }
                pause = block.take(temporary: error).map { max($0, least) }
            } catch {
                pause = try block.take(error)
                patience.noteAnswer()
            }
            guard let pause else { return block.answered }
            try await Task.sleep(for: pause)
        }
    }

    private func partialAnswer(_ accounts: [Account]) async throws(IMAttrError) -> PartialAnswer {
        var params = JSONWriter()
        params.object { json in
            json.key("To_Account")
            json.array { json in for account in accounts { json.string(account.text) } }
            json.key("timeoutMs")
            json.integer(Int(timeout / .milliseconds(1)))
            if let maxAge {
                json.key("maxAgeMs")
                json.integer(Int(maxAge / .milliseconds(1)))
            }
            json.key("partial")
            json.boolean(true)
        }
        // The daemon's answer at the end of the time has what was fetched, so it is waited for.
        let patience = min(timeout + Self.grace, .seconds(600))
        return try PartialAnswer(
            json: try await client.call(MethodName.getAttrs.rawValue, params: params.bytes, timeout: patience))
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
