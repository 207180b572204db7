import IMAttrClient
import JSONTokens
import Synchronization

/// Where a stream waits until it is told how to go on.
final class Pause: Sendable {
    enum Ending { case goOn, leave }

    private let orders: AsyncStream<Ending>
    private let tell: AsyncStream<Ending>.Continuation

    init() { (orders, tell) = AsyncStream.makeStream() }

    func end(_ ending: Ending) { tell.yield(ending) }

    /// What was told; a cancelled stream goes on, and finds out.
    func wait() async -> Ending { await orders.first { _ in true } ?? .goOn }
}

/// One stream, said as it comes.
struct StreamRun {
    let command: Command
    let client: IMAttrClient
    let pause: Pause
    private let taken = Counter()

    init(command: Command, client: IMAttrClient, pause: Pause) {
        self.command = command
        self.client = client
        self.pause = pause
    }

    func run() async throws {
        let input = CountedAccounts(base: command.input, taken: taken)
        let answers = client.stream(
            input, batch: command.batch, inFlight: command.inFlight, timeout: command.timeout, maxAge: command.maxAge,
            partial: command.partial)
        var yielded = 0
        for try await answer in answers {
            Output.say(call: command.call, answer: answer)
            yielded += 1
            guard yielded == command.pauseAfter else { continue }
            say("paused")
            if await pause.wait() == .leave { return Output.say(call: command.call) { $0.flag("left") } }
        }
        say("end")
    }

    private func say(_ what: StaticString) {
        Output.say(call: command.call) { json in
            json.flag(what)
            json.key("taken")
            json.integer(taken.value)
        }
    }
}

/// Counts across the tasks that look at it.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}

/// Accounts that are counted as they are taken.
private struct CountedAccounts: Sequence, IteratorProtocol {
    private var base: any IteratorProtocol<Account>
    private let taken: Counter

    init(base: any Sequence<Account>, taken: Counter) {
        self.base = base.makeIterator()
        self.taken = taken
    }

    mutating func next() -> Account? {
        guard let account = base.next() else { return nil }
        taken.add()
        return account
    }
}

extension JSONWriter {
    fileprivate mutating func flag(_ name: StaticString) {
        key(name)
        boolean(true)
    }
}
