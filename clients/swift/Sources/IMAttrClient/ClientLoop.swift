import NIOCore
import NIOPosix

/// Does what ``ClientState`` decides: the sockets, the clock and the callers around it. It lives on one event loop.
final class ClientLoop {
    /// Called once, on the event loop, with how a call ended.
    typealias Completion = @Sendable (Result<Reply, IMAttrError>) -> Void

    private var state: ClientState
    private let eventLoop: any EventLoop
    private let maximumAnswerBytes: Int
    private var channels: [ClientState.ConnectionID: (channel: any Channel, descriptor: CInt)] = [:]
    private var callers: [ClientState.CallID: (call: PendingCall, completion: Completion)] = [:]
    private var alarm: Scheduled<Void>?
    private var actions: [ClientState.Action] = []
    private var isPerforming = false

    init(path: String, maximumAnswerBytes: Int, eventLoop: any EventLoop) {
        state = ClientState(path: path)
        self.eventLoop = eventLoop
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    // MARK: Callers

    func submit(_ call: PendingCall, _ request: Request, _ completion: @escaping Completion) {
        guard callers.isEmpty, channels.values.contains(where: { UnixSocket.hasInput($0.descriptor) }) else {
            return take(call, request, completion)
        }
        // What has come while no call waited, such as an error that ends the connection, concerns no request of now. The loop reads it
        // before the time is over, since nothing else is due until then.
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.submit(call, request, completion) }
    }

    private func take(_ call: PendingCall, _ request: Request, _ completion: @escaping Completion) {
        // The order to withdraw it may have come first.
        if call.isWithdrawn { return completion(.failure(.cancelled)) }
        callers[call.id] = (call, completion)
        perform(state.submit(call.id, request, now: now))
    }

    func withdraw(_ call: PendingCall) { perform(state.cancel(call.id)) }

    /// An answer by this connection had not the promised shape.
    func distrust(_ connection: ClientState.ConnectionID, _ error: IMAttrError) {
        perform(state.violated(connection, error, now: now))
    }

    /// Ends everything; the future comes when the connections are closed.
    func close() -> EventLoopFuture<Void> {
        let ends = channels.values.map(\.channel.closeFuture)
        alarm?.cancel()
        perform(state.close())
        return .andAllComplete(ends, on: eventLoop)
    }

    // MARK: Actions

    private var now: Duration { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }

    /// Does one thing after the other; what follows from one of them comes after all that was decided before it.
    private func perform(_ decided: [ClientState.Action]) {
        actions += decided
        if isPerforming { return }
        isPerforming = true
        var next = 0
        while next < actions.count {
            perform(actions[next])
            next += 1
        }
        actions.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ action: ClientState.Action) {
        switch action {
        case .connect(let id): connect(id)
        case .send(let line, let id): send(line, on: id)
        case .close(let id): channels.removeValue(forKey: id)?.channel.close(promise: nil)
        case .finish(let id, let result): callers.removeValue(forKey: id)?.completion(result)
        case .wake(let moment): wake(at: moment)
        }
    }

    private func send(_ line: [UInt8], on id: ClientState.ConnectionID) {
        guard let channel = channels[id]?.channel else { return }
        // A failed write needs no attention of its own: the channel closes, which is reported.
        channel.writeAndFlush(channel.allocator.buffer(bytes: line), promise: nil)
    }

    private func wake(at moment: Duration) {
        alarm?.cancel()
        let deadline = NIODeadline.uptimeNanoseconds(UInt64(max(moment / .nanoseconds(1), 0)))
        alarm = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in self?.alarmRang(since: nil)
        }
    }

    /// How long what has arrived is read before callers are given up, while more comes all the time.
    private static let longestReading: Duration = .seconds(1)

    /// A process that was stopped, or had other things to do, finds answers in its sockets: they are read before time counts.
    private func alarmRang(since: Duration?) {
        let rang = since ?? now
        let hasInput = channels.values.contains { UnixSocket.hasInput($0.descriptor) }
        guard hasInput, now - rang < Self.longestReading else {
            return perform(state.timePassed(now: now))
        }
        alarm = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { [weak self] in
            self?.alarmRang(since: rang)
        }
    }

    // MARK: Connections

    private func connect(_ id: ClientState.ConnectionID) {
        do throws(SocketError) {
            adopt(try UnixSocket.connect(to: state.path), as: id)
        } catch {
            perform(state.connectFailed(id, errno: error.errno, now: now))
        }
    }

    private func adopt(_ descriptor: CInt, as id: ClientState.ConnectionID) {
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        let maximum = maximumAnswerBytes
        ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ConnectionHandler(maximumAnswerBytes: maximum) { box.value.heard($0, from: id) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .withConnectedSocket(descriptor)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let channel):
                    self.channels[id] = (channel, descriptor)
                    self.perform(self.state.connected(id, now: self.now))
                // Only a lack of memory or descriptors leads here, and the descriptor has been closed.
                case .failure(let error):
                    let errno = (error as? IOError)?.errnoCode ?? 0
                    self.perform(self.state.connectFailed(id, errno: errno, now: self.now))
                }
            }
    }

    private func heard(_ event: ConnectionHandler.Event, from id: ClientState.ConnectionID) {
        switch event {
        case .answer(let answer): perform(state.received(answer, on: id, now: now))
        case .violation(let error): perform(state.violated(id, error, now: now))
        case .end:
            channels[id] = nil
            // What has been given up is not asked again, though the order to withdraw it is still in flight.
            for caller in callers.values where caller.call.isWithdrawn { withdraw(caller.call) }
            perform(state.disconnected(id, now: now))
        }
    }
}
