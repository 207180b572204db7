import JSONRPC
import JSONTokens
import NIOCore

/// One connection: lines in, lines out, and what the limits say in between. Lives on the server's event loop.
final class Connection: ChannelDuplexHandler, RPCConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let caller: Caller
    let number: UInt64
    /// The channel's socket, for as long as the connection is open.
    private let socket: CInt
    /// Held until the connection is gone; the server holds the connection as long.
    private let server: JSONRPCServer
    private let maxLineBytes: Int
    private var lines: LineBuffer
    private var output: Output
    private var waiting = WaitingCalls()
    private var lastCall: UInt64 = 0
    private var context: ChannelHandlerContext?
    private var isFirstLine = true
    private var isOpen = true
    /// No line is read any more: the client has ended its side, or has gone too far. The connection closes as soon as
    /// everything is answered and written.
    private var isClosing = false
    private var inputEnded = false
    private var readIsDue = false
    private var flushIsDue = false
    /// Lines are being taken, and what they are answered with is written when that is done.
    private var isReading = false
    /// This connection's part of what the server counts for all.
    private var buffered = 0
    private var inputBytes = 0

    init(socket: CInt, caller: Caller, number: UInt64, server: JSONRPCServer) {
        self.socket = socket
        self.caller = caller
        self.number = number
        self.server = server
        maxLineBytes = server.limits.maxLineBytes
        lines = LineBuffer(limit: maxLineBytes)
        output = Output(timeout: server.limits.writeTimeout)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        // A channel that is closed before it was ever active does not become inactive.
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readIsDue = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        isReading = true
        lines.append(unwrapInboundIn(data))
        takeLines()
        if !isClosing, server.hasTooMuchInput(from: lines.count) {
            refuseAndClose(.overloadedServer("maxBufferedBytes", server.limits.maxBufferedBytes))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A channel whose input has ended tells so, too, without having read anything.
        let hasRead = isReading
        isReading = false
        if isClosing {
            flushSoon()
        } else if hasRead {
            flush()
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        inputEnded = true
        takeLines()
        flushSoon()
    }

    /// The channel is gone: nobody waits for an answer any more, and nothing is counted any more.
    private func end() {
        guard isOpen else { return }
        isOpen = false
        isClosing = true
        lines.removeAll()
        countInput()
        for number in waiting.numbers { waiting.remove(number)?.cancel() }
        output.removeAll()
        count(buffered: -buffered)
        server.removed(self)
    }

    // MARK: Lines

    /// Lines are taken while there is room for their answers. When there is none in the whole server, a client gets
    /// one line answered at a time, and the next when it has taken that answer.
    private var mayRead: Bool {
        !isClosing && output.unwritten <= (server.isFull ? 0 : ServerLimits.maxUnwrittenPerConnection)
    }

    private func takeLines() {
        while mayRead, let piece = lines.next(reusing: &server.spareLine) { take(piece) }
        if inputEnded, mayRead {
            if let piece = lines.last() { take(piece) }
            isClosing = true
        }
        lines.releaseMemory()
        countInput()
    }

    private func take(_ piece: consuming LineBuffer.Piece) {
        guard case .line(let line) = consume piece else { return refuseAndClose(.lineTooLong(maxLineBytes)) }
        take(line)
        server.reuse(line)
    }

    private func take(_ line: [UInt8]) {
        if line.allSatisfy(\.isJSONWhiteSpace) { return }
        if isFirstLine, HTTPGuess.looksLikeHTTP(line) { return refuseAndClose(.thisIsNotHTTP) }
        isFirstLine = false
        switch Message(line: line) {
        case .refused(let error): refuse(error)
        case .single(let item): take(item, place: .line)
        case .batch where server.isFull:
            // A thousand small errors are a large answer too.
            refuse(.overloadedServer("maxBufferedBytes", server.limits.maxBufferedBytes))
        case .batch(let items): take(items)
        }
    }

    private func take(_ items: [BatchItem]) {
        let batch = BatchAnswer(count: items.count { $0.isAnswered })
        var index = 0
        for item in items {
            take(item, place: .batch(batch, index: index))
            if item.isAnswered { index += 1 }
        }
    }

    private func take(_ item: BatchItem, place: AnswerPlace) {
        // The service may have closed the connection over an earlier item of the batch.
        guard isOpen else { return }
        switch item {
        case .invalid(let error, let id):
            count(refused: error)
            answer(Response(id: id, .error(error)), at: place)
        case .request(let request):
            if let id = request.id {
                call(request, id: id, place: place)
            } else {
                server.service.notified(of: request, on: self)
            }
        }
    }

    private func call(_ request: Request, id: RequestID, place: AnswerPlace) {
        lastCall += 1
        let number = lastCall
        switch server.service.call(request, on: self, completion: Completion(connection: self, number: number)) {
        case .now(let outcome): answer(Response(id: id, outcome), at: place)
        case .later(let cancel):
            guard isOpen else { return cancel() }
            waiting.insert(.init(id: id, place: place, cancel: cancel), as: number)
        }
    }

    /// Answers a line of which nothing else can be answered.
    private func refuse(_ error: ErrorObject) {
        count(refused: error)
        write { Response(id: .null, .error(error)).append(to: &$0) }
    }

    private func count(refused error: ErrorObject) { server.counters.refusedLines[error.code, default: 0] += 1 }

    private func refuseAndClose(_ error: ErrorObject) {
        refuse(error)
        lines.removeAll()
        countInput()
        isClosing = true
    }

    // MARK: Answers

    func completed(_ number: UInt64, _ outcome: Response.Outcome) {
        guard let call = waiting.remove(number) else { return }
        answer(Response(id: call.id, outcome), at: call.place)
    }

    func cancel(_ id: RequestID, with error: ErrorObject) {
        for number in waiting.numbers(of: id) {
            // Withdrawing one may have had another answered.
            guard let call = waiting.remove(number) else { continue }
            call.cancel()
            answer(Response(id: id, .error(error)), at: call.place)
        }
    }

    private func answer(_ response: Response, at place: AnswerPlace) {
        guard isOpen else { return }
        switch place {
        case .line: write { server.append(response, to: &$0) }
        case .batch(let batch, let index):
            var json: [UInt8] = []
            server.append(response, to: &json)
            count(buffered: json.count)
            if let array = batch.add(json, at: index) {
                count(buffered: -batch.bytes)
                write { $0 += array }
            }
        }
    }

    private func write(_ line: (inout [UInt8]) -> Void) {
        guard isOpen else { return }
        count(buffered: output.append(line))
        if !isReading { flushSoon() }
    }

    /// Writes, and closes what is to be closed, at the end of this turn of the loop: so that answers of one turn leave
    /// together, and because a channel must not be closed while its input ends (a write can close it, too).
    private func flushSoon() {
        guard !flushIsDue else { return }
        flushIsDue = true
        server.flushLater(self)
    }

    private func count(buffered change: Int) {
        buffered += change
        server.buffered += change
    }

    private func countInput() {
        server.inputBytes += lines.count - inputBytes
        inputBytes = lines.count
    }

    /// Closes the connection once everything is answered and written.
    func closeWhenDone() {
        isClosing = true
        lines.removeAll()
        countInput()
        flush()
    }

    func closeNow() { context?.close(promise: nil) }

    func flush() {
        flushIsDue = false
        guard isOpen, let context else { return }
        let gone = output.writeNow(to: socket)
        if gone > 0 {
            count(buffered: -gone)
            if output.unwritten == 0 { goOn() }
        }
        if let bytes = output.take() {
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [self] result in
                written(bytes.readableBytes, result)
            }
            context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
            watchWriting()
        }
        closeIfDone()
    }

    private func written(_ count: Int, _ result: Result<Void, any Error>) {
        guard case .success = result, isOpen else { return }
        self.count(buffered: -count)
        output.written(count)
        goOn()
    }

    /// Goes on with what had to wait until there was room for more answers.
    private func goOn() {
        if inputEnded || lines.count > 0 { takeLines() }
        if isClosing { flushSoon() }
        if readIsDue, mayRead {
            readIsDue = false
            context?.read()
        }
    }

    private func closeIfDone() {
        guard isClosing, waiting.isEmpty, output.unwritten == 0 else { return }
        context?.close(promise: nil)
    }

    // MARK: Clients that do not read

    private func watchWriting() {
        guard let context, output.startWatching(at: .now()) else { return }
        scheduleCheck(context)
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: output.checkInterval) { [weak self] in
            self?.checkWriting()
        }
    }

    private func checkWriting() {
        guard isOpen, let context else { return }
        let left = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        switch output.check(left: left ?? 0, at: .now()) {
        case .idle: break
        case .progressing: scheduleCheck(context)
        case .stuck:
            server.counters.stuckConnections += 1
            context.close(promise: nil)
        }
    }
}

extension BatchItem {
    fileprivate var isAnswered: Bool {
        switch self {
        case .invalid: true
        case .request(let request): request.id != nil
        }
    }
}
