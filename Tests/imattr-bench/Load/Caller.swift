import Glibc
import NIOCore

/// Somebody who asks one question after another, `depth` of them at a time, on one connection.
///
/// Behaves as a good client does: connects again when the connection has ended, repeats what got no answer and what may
/// be repeated, and comes back when it is told to. Belongs to one event loop.
final class Caller {
    /// How long to wait where nobody says how long, before connecting and before repeating.
    private static let pause = TimeAmount.milliseconds(5)

    private let path: String
    private let uid: uid_t?
    private let depth: Int
    private let eventLoop: any EventLoop
    private let ended: (Question, Reply, _ askedAt: NIODeadline) -> Void
    private var questions: Questions
    private var unanswered: [Question] = []
    private var underWay = 0
    private var client: LoadClient?
    private var state = State.silent

    private enum State {
        /// Connects only.
        case silent
        case asking
        /// Asks nothing new.
        case finishing
        case gone
    }

    /// - Parameter ended: Told of the end of each asking.
    init(
        path: String, uid: uid_t? = nil, depth: Int, questions: Questions, eventLoop: any EventLoop,
        ended: @escaping (Question, Reply, _ askedAt: NIODeadline) -> Void
    ) {
        self.path = path
        self.uid = uid
        self.depth = depth
        self.questions = questions
        self.eventLoop = eventLoop
        self.ended = ended
    }

    var isConnected: Bool { client != nil }
    /// Whether questions wait for an answer, or to be repeated.
    var isBusy: Bool { underWay > 0 || !unanswered.isEmpty }

    func connect() {
        LoadClient.connect(to: path, as: uid, on: eventLoop) { [self] client in
            if let client, state != .gone {
                self.client = client
                client.ended = { [self] in reconnect() }
                askMore()
            } else {
                client?.close()
                reconnect()
            }
        }
    }

    func begin() {
        state = .asking
        askMore()
    }

    /// Asks nothing new, but still repeats what got no answer.
    func finish() { state = .finishing }

    /// Ends the connection; what is under way is of no interest any more.
    func leave() {
        state = .gone
        client?.close()
    }

    private func reconnect() {
        client = nil
        guard state != .gone else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in connect() }
    }

    private func askMore() {
        while let client, underWay < depth, let question = nextQuestion() {
            underWay += 1
            let askedAt = NIODeadline.now()
            client.ask(question) { [self] reply in answered(question, reply, askedAt: askedAt) }
        }
    }

    private func nextQuestion() -> Question? {
        switch state {
        case .silent, .gone: nil
        case .asking: unanswered.popLast() ?? questions.next()
        case .finishing: unanswered.popLast()
        }
    }

    private func answered(_ question: Question, _ reply: Reply, askedAt: NIODeadline) {
        guard state != .gone else { return }
        ended(question, reply, askedAt)
        switch reply {
        case .right, .wrong:
            underWay -= 1
            askMore()
        case .lost:
            underWay -= 1
            unanswered.append(question)
        case .refused(let refusal):
            // Its place stays taken while it waits, so that a refused caller does not ask all the more.
            let pause = refusal.data.retryAfterMs.map { .milliseconds(Int64($0)) } ?? Self.pause
            eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
                underWay -= 1
                if refusal.data.retryable { unanswered.append(question) }
                askMore()
            }
        }
    }
}
