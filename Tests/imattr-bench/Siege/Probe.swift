import Glibc
import NIOCore

/// Asks a question at fixed times, whether or not the ones before are answered, and notes how each ended. Belongs to one
/// event loop.
final class Probe {
    private let path: String
    private let uid: uid_t?
    private let interval: TimeAmount
    private let eventLoop: any EventLoop
    private let next: () -> Question
    private var client: LoadClient?
    private var state = State.silent
    private(set) var events: [Event] = []
    /// Questions without an end yet.
    private(set) var open = 0

    private enum State {
        case silent
        case asking
        /// Asks nothing any more, and waits for answers.
        case finished
    }

    init(
        path: String, uid: uid_t?, interval: TimeAmount, on eventLoop: any EventLoop, next: @escaping () -> Question
    ) {
        self.path = path
        self.uid = uid
        self.interval = interval
        self.eventLoop = eventLoop
        self.next = next
    }

    var isConnected: Bool { client != nil }

    func connect() {
        guard state != .finished else { return }
        LoadClient.connect(to: path, as: uid, on: eventLoop) { [self] client in
            self.client = client
            guard let client else { return connectLater() }
            client.ended = { [self] in
                self.client = nil
                connectLater()
            }
        }
    }

    func begin() {
        guard state == .silent else { return }
        state = .asking
        tick(at: .now())
    }

    /// Asks nothing any more.
    func finish() { state = .finished }

    func leave() {
        state = .finished
        client?.close()
    }

    private func connectLater() {
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { [self] in connect() }
    }

    /// Times count from when a question was to be asked, so that a wait that keeps others from being asked counts too.
    private func tick(at time: NIODeadline) {
        guard state == .asking else { return }
        eventLoop.assumeIsolated().scheduleTask(deadline: time + interval) { [self] in tick(at: time + interval) }
        let question = next()
        guard let client else { return ended(question, .lost, askedAt: time) }
        open += 1
        client.ask(question) { [self] reply in
            open -= 1
            ended(question, reply, askedAt: time)
        }
    }

    private func ended(_ question: Question, _ reply: Reply, askedAt time: NIODeadline) {
        let now = NIODeadline.now()
        let wait = Duration.nanoseconds((now - time).nanoseconds)
        events.append(Event(caller: 0, at: now, wait: wait, size: question.size, reply: reply))
    }
}
