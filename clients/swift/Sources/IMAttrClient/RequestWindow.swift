import Synchronization

/// The requests in flight of one job, which has one task. What is left of them is withdrawn when the job is left, which only the
/// end of an object's life can notice.
final class RequestWindow {
    /// How a request ended.
    private typealias Ending = (index: Int, result: Result<Reply, IMAttrError>)

    private let client: IMAttrClient
    /// Whether an error about accounts is one of its request alone.
    private let partial: Bool
    private let endings = Mailbox()
    private let job = PendingCall.Job()
    private var calls: [Int: PendingCall] = [:]

    init(client: IMAttrClient, partial: Bool = false) {
        self.client = client
        self.partial = partial
    }

    deinit { withdrawAll() }

    /// Requests that have been sent and not yet been given back.
    var count: Int { calls.count }

    /// Sends a request without waiting; the index is the job's own name for it.
    func send(_ request: Request, index: Int) {
        let call = client.newCall(of: job)
        calls[index] = call
        client.start(call, request) { [endings, job, partial] result in
            if case .failure(let error) = result, !partial || error.ofAccounts == nil { job.noteFailure() }
            endings.put(index, result)
        }
    }

    /// Waits for the next answer, whichever it is; there must be a request in flight. Cancelling the task withdraws all.
    func next(
        isolation: isolated (any Actor)? = #isolation
    ) async -> (index: Int, reply: Result<Reply, IMAttrError>) {
        let calls = calls
        let ending = await withTaskCancellationHandler {
            await endings.take()
        } onCancel: { [client] in
            for call in calls.values { client.withdraw(call) }
        }
        self.calls[ending.index] = nil
        return (ending.index, ending.result)
    }

    /// Gives up what is left.
    func withdrawAll() {
        for call in calls.values { client.withdraw(call) }
        calls = [:]
    }

    /// Endings in the order in which they came, for one that waits.
    private final class Mailbox: Sendable {
        private struct State {
            var endings: [Ending] = []
            var waiter: CheckedContinuation<Ending, Never>?
        }

        private let state = Mutex(State())

        func put(_ index: Int, _ result: Result<Reply, IMAttrError>) {
            let waiter = state.withLock { state -> CheckedContinuation<Ending, Never>? in
                if let waiter = state.waiter.take() { return waiter }
                state.endings.append((index, result))
                return nil
            }
            waiter?.resume(returning: (index, result))
        }

        func take(isolation: isolated (any Actor)? = #isolation) async -> Ending {
            await withCheckedContinuation { continuation in
                let ending = state.withLock { state -> Ending? in
                    if !state.endings.isEmpty { return state.endings.removeFirst() }
                    state.waiter = continuation
                    return nil
                }
                if let ending { continuation.resume(returning: ending) }
            }
        }
    }
}
