import Accounting
import Glibc
import JSONRPC
import NIOCore

/// One connection of the server, on its event loop: carries events from the channel and the service to the state, and what
/// that says back.
final class Connection: ChannelDuplexHandler, RPCConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let caller: Caller
    let number: UInt64
    let principal: Principal
    let door: Door
    var use = ConnectionUse()
    var note = ServiceNote()
    private let openedAt: NIODeadline
    /// Where it is in the server's order of idleness.
    let idlePlace: Int
    /// Held until the connection is gone; the server holds the connection as long.
    private let server: JSONRPCServer
    /// Nothing of the state calls out, so no access to it or to the server's ledger can meet another. The runtime's check of
    /// that would add 2,100 instructions to the 12,600 of a `ping` (measured as for the socket).
    @safe @exclusivity(unchecked)
    private var state: ConnectionState
    private var context: ChannelHandlerContext?
    /// The channel's socket, used outside of the scope in which the channel lends it. It cannot be stale: it is used only
    /// while the state is open, and the channel makes the state closed (`channelInactive`) in the step in which it closes the
    /// socket, on this thread and without a call in between to anything that flushes. The channel's own
    /// `withUnsafeTransportIfAvailable` at each flush would make a `ping` cost 26,500 instructions in place of 12,600, and half
    /// more time (a release build of a server and one client, callgrind on the loop's thread).
    private let socket: CInt

    init(socket: CInt, _ arrival: JSONRPCServer.Arrival, server: JSONRPCServer) {
        self.socket = socket
        caller = arrival.caller
        number = arrival.number
        principal = arrival.principal
        door = arrival.door
        openedAt = arrival.openedAt
        idlePlace = arrival.idlePlace
        self.server = server
        state = ConnectionState(server.ledger.limits, account: arrival.account)
    }

    /// The lane of its principal in queues of the server.
    var lane: Int { state.account.connections.principal }
    /// Whether no request waits, and no answer is unread.
    var isIdle: Bool { state.isIdle }

    /// What is seen of it from outside.
    func figures(at now: NIODeadline) -> ConnectionFigures {
        ConnectionFigures(
            number: number, caller: caller, door: door, principal: principal, note: note, age: now - openedAt, use: use,
            waitingRequests: state.waitingRequests, unreadBytes: server.ledger.answerBytes(of: state.account))
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        // A channel that is closed before it was ever active does not become inactive.
        closed()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func read(context: ChannelHandlerContext) {
        if state.readRequested(&server.ledger) { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        server.idleness.touch(idlePlace)
        state.received(unwrapInboundIn(data))
        takeLines()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        act(state.readCompleted(&server.ledger))
        server.relieveLaterIfNeeded()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        state.inputEnded()
        takeLines()
        act(state.turnEnded(&server.ledger).union(state.flushSoon()))
    }

    /// It could not be added to its channel.
    func handlerIsMissing() { closed() }

    private func closed() {
        guard state.isOpen else { return }
        state.closed(&server.ledger)
        withdraw()
        server.removed(self)
    }

    /// Closes the connection once everything is answered and written.
    func closeWhenDone() { act(state.closeWhenDone()) }

    func closeNow() { context?.close(promise: nil) }

    /// Has the line that has not ended give way to another principal's.
    func giveUpLine() { act(state.giveUpLine(&server.ledger)) }

    // MARK: Taking turns

    /// Goes on with what was left for a later turn of the loop.
    func takeTurn() {
        state.turnCame()
        withdraw()
        guard state.isOpen else { return }
        takeLines()
        act(state.turnEnded(&server.ledger).union(.flush))
    }

    /// Takes as many lines as may be taken in this turn of the loop.
    private func takeLines() {
        state.turnBegins()
        guard !server.turn.isSpent else { return }
        var share = TurnBudget.Share()
        loop: repeat {
            switch state.next(&server.ledger) {
            case .item(let item, let place): take(item, place)
            case .line: break
            case .nothing: break loop
            }
        } while server.turn.mayGoOn(&share, after: state.lastLineBytes, now: server.now)
        server.turn.end(share, now: server.now)
    }

    private func take(_ item: consuming BatchItem, _ place: AnswerPlace) {
        switch consume item {
        case .invalid(let error, let id):
            server.ledger.countRefusedLine(error)
            act(state.answer(Response(id: id, .error(error)), at: place, &server.ledger))
        case .request(let request):
            if let id = request.id {
                call(request, id: id, place: place)
            } else {
                server.service.notified(of: request, on: self)
            }
        }
    }

    private func call(_ request: Request, id: RequestID, place: AnswerPlace) {
        let number = state.nextNumber()
        use.requests += 1
        switch server.service.call(request, on: self, completion: Completion(connection: self, number: number)) {
        case .now(let outcome): act(state.answer(Response(id: id, outcome), at: place, &server.ledger))
        case .later(let cancel):
            if !state.wait(for: .init(id: id, place: place, cancel: cancel), as: number) { cancel() }
        }
    }

    // MARK: Requests that wait

    func completed(_ number: UInt64, _ outcome: Response.Outcome) {
        act(state.completed(number, outcome, &server.ledger))
        server.relieveLaterIfNeeded()
    }

    func cancel(_ id: RequestID, with error: ErrorObject) {
        state.cancel(id, with: error)
        withdraw()
    }

    /// Withdraws as many requests as may be withdrawn in this turn of the loop.
    private func withdraw() {
        for _ in 0..<TurnBudget.maxSteps {
            guard let (call, answer) = state.nextWithdrawal() else { return }
            call.cancel()
            if let answer { act(state.answer(Response(id: call.id, answer), at: call.place, &server.ledger)) }
        }
        act(state.goOn(&server.ledger))
    }

    // MARK: Writing

    func flush() {
        let actions = state.flush(&server.ledger) { bytes in
            // A C function, with the length of what its pointer points to.
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe send(socket, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
            }
        }
        if let bytes = state.output.take(), let context {
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [self] result in
                guard case .success = result else { return }
                act(state.written(bytes.readableBytes, &server.ledger))
            }
            context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
            if state.output.startWatching(at: .now()) { scheduleCheck(context) }
        }
        server.relieveLaterIfNeeded()
        act(actions)
    }

    /// Mostly there is nothing to do, or only a flush: then it costs no call.
    @inline(__always)
    private func act(_ actions: ConnectionState.Actions) {
        if actions.isEmpty { return }
        if actions == .flush { flush() } else { carryOut(actions) }
    }

    private func carryOut(_ actions: ConnectionState.Actions) {
        if actions.contains(.endInput) { shutdown(socket, CInt(SHUT_RD)) }
        if actions.contains(.flushLater) { server.flushLater(self) }
        if actions.contains(.flush) { flush() }
        if actions.contains(.takeTurn) { server.takeTurnLater(self) }
        if actions.contains(.readingStopped) { server.service.readingStopped(self) }
        if actions.contains(.readingResumed) { server.service.readingResumed(self) }
        if actions.contains(.read) { context?.read() }
        if actions.contains(.close) { context?.close(promise: nil) }
    }

    // MARK: Clients that do not read

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: state.output.checkInterval) { [weak self] in
            self?.checkWriting()
        }
    }

    private func checkWriting() {
        guard state.isOpen, let context else { return }
        let left = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        switch state.output.check(left: left ?? 0, at: .now()) {
        case .idle: break
        case .progressing: scheduleCheck(context)
        case .stuck:
            server.ledger.counters.stuckConnections += 1
            context.close(promise: nil)
        }
    }
}
