import Glibc
import NIOCore
import NIOPosix

/// Callers who ask at the same time, and what became of their questions.
struct Crowd: Sendable {
    /// Where all callers live: one thread of this process, so that the daemon and the sandbox have the rest of a small
    /// machine.
    static let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private final class Members {
        var callers: [Caller] = []
        var events: [Event] = []
    }

    private let members: NIOLoopBound<Members>

    /// Connects callers to the rig's daemon, one for each of `questions`; returns when all are connected. They are
    /// silent until ``begin()``.
    static func gather(at rig: Rig, depth: Int = 1, _ questions: [Questions]) async throws -> Crowd {
        try await gather(path: rig.daemon.socketPath, depth: depth, questions)
    }

    /// The same, at any socket, and as any user.
    static func gather(path: String, uid: uid_t? = nil, depth: Int, _ questions: [Questions]) async throws -> Crowd {
        let crowd = try await eventLoop.submit {
            let members = Members()
            members.callers = questions.enumerated().map { index, questions in
                caller(index, path: path, uid: uid, depth: depth, questions, members)
            }
            for caller in members.callers { caller.connect() }
            return Crowd(members: NIOLoopBound(members, eventLoop: eventLoop))
        }.get()
        try await Patience.wait(for: "\(questions.count) connections to imattrd") {
            try await crowd.number(where: { !$0.isConnected }) == 0 ? () : nil
        }
        return crowd
    }

    private static func caller(
        _ index: Int, path: String, uid: uid_t?, depth: Int, _ questions: Questions, _ members: Members
    ) -> Caller {
        Caller(path: path, uid: uid, depth: depth, questions: questions, eventLoop: eventLoop) { [weak members] in
            let now = NIODeadline.now()
            let wait = Duration.nanoseconds((now - $2).nanoseconds)
            members?.events.append(Event(caller: index, at: now, wait: wait, size: $0.size, reply: $1))
        }
    }

    /// Lets all callers ask.
    func begin() async throws {
        try await onLoop { for caller in $0.callers { caller.begin() } }
    }

    /// All ends of askings so far, in order.
    func events() async throws -> [Event] {
        try await onLoop { $0.events }
    }

    /// Asks nothing new, and waits until all questions have an answer. Returns how many callers still have none after
    /// `patience`.
    func finish(within patience: Duration) async throws -> Int {
        try await onLoop { for caller in $0.callers { caller.finish() } }
        let deadline = ContinuousClock.now + patience
        while try await number(where: \.isBusy) > 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        return try await number(where: \.isBusy)
    }

    /// Ends all connections. What was still under way is of no interest.
    func leave() async throws {
        try await onLoop { for caller in $0.callers { caller.leave() } }
    }

    private func number(where condition: @escaping @Sendable (Caller) -> Bool) async throws -> Int {
        try await onLoop { $0.callers.count(where: condition) }
    }

    private func onLoop<Result: Sendable>(_ body: @escaping @Sendable (Members) -> Result) async throws -> Result {
        try await Self.eventLoop.submit { [members] in body(members.value) }.get()
    }
}

extension Questions {
    /// Supplies for `number` callers, all of a kind.
    static func each(
        of number: Int, name: String, size: Int, areFresh: Bool = true, timeoutMs: Int = 30_000, count: Int? = nil
    ) -> [Questions] {
        (0..<number).map {
            Questions(name: "\(name)\($0)", size: size, areFresh: areFresh, timeoutMs: timeoutMs, count: count)
        }
    }
}
