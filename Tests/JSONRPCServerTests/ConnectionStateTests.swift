import Accounting
import JSONRPC
import NIOCore
import Testing

@testable import JSONRPCServer

/// The state of a connection without a socket: what comes in is appended to the events, what goes out is looked at.
@Suite struct ConnectionStateTests {
    // MARK: Lines and their answers

    @Test func aLineIsTakenAnsweredAndWritten() {
        var door = Door()
        door.receive(request("now"))
        #expect(door.called == ["now"])
        expect(door.complete(), is: .flush)
        expect(door.flush(), is: [])
        #expect(door.written == answer() + "\n")
        #expect(door.ledger.buffered == 0)
    }

    @Test func noFlushIsDueWhenNothingWasRead() {
        var door = Door()
        expect(door.complete(), is: [], "as when the input of a channel has ended")
    }

    /// A channel says that it has read everything also when its input has ended, and a write could close it then.
    @Test func anEndOfTheInputFlushesNothing() {
        var door = Door()
        door.receive(request("wait"))
        expect(door.complete(), is: [])
        expect(door.answerFirst(), is: .flushLater)
        expect(door.complete(), is: [])
    }

    @Test func anAnswerOutsideOfATurnIsFlushedLaterAndOnce() {
        var door = Door()
        door.receive(request("wait") + request("wait", id: 2))
        expect(door.complete(), is: [])
        expect(door.answerFirst(), is: .flushLater)
        expect(door.answerFirst(), is: [], "the flush that is due takes it along")
        expect(door.flush(), is: [])
        #expect(door.written == answer() + "\n" + answer(id: 2) + "\n")
    }

    @Test func anAnswerThatComesTwiceIsIgnored() {
        var door = Door()
        door.receive(request("wait"))
        expect(door.answerFirst(), is: [])
        expect(door.state.completed(1, .result([]), &door.ledger), is: [])
        _ = door.flush()
        #expect(door.written == answer() + "\n")
    }

    // MARK: Ends

    @Test func afterAHalfCloseWaitingRequestsAreAnsweredAndThenItCloses() {
        var door = Door()
        door.receive(request("wait") + request("now", id: 2, end: ""))
        #expect(door.called == ["wait"])
        _ = door.complete()
        door.state.inputEnded()
        door.takeLines()
        #expect(door.called == ["wait", "now"], "a last line needs no end")
        _ = door.state.turnEnded(&door.ledger)
        expect(door.flush(), is: [], "a request waits")
        expect(door.answerFirst(), is: .flushLater)
        expect(door.flush(), is: .close)
        #expect(door.written == answer(id: 2) + "\n" + answer() + "\n")
    }

    @Test func anOverLongLineIsRefusedAndWhatIsInFlightIsAnswered() {
        var door = Door { $0.maxLineBytes = 60 }
        door.receive(request("wait") + String(repeating: "x", count: 70) + "\n" + request("now", id: 2))
        expect(door.complete(), is: .flushLater, "nothing is closed while the channel reads")
        #expect(door.called == ["wait"])
        expect(door.flush(), is: [])
        #expect(isError(door.written, -32600, limit: "maxLineBytes"))
        door.receive(request("now", id: 3))
        _ = door.complete()
        expect(door.flush(), is: [])
        #expect(door.called == ["wait"], "nothing is taken any more")
        #expect(door.ledger.inputBytes == 0)
        expect(door.answerFirst(), is: .flushLater)
        expect(door.flush(), is: .close)
    }

    @Test func stoppingAnswersWhatWaitsAndWhatTheClientHasSent() {
        var door = Door()
        door.receive(request("wait"))
        _ = door.complete()
        expect(door.state.closeWhenDone(), is: [.endInput, .flush])
        expect(door.flush(), is: [])
        door.receive(request("now") + #"{"jsonrpc""#)
        _ = door.complete()
        door.state.inputEnded()
        door.takeLines()
        _ = door.state.turnEnded(&door.ledger)
        expect(door.flush(), is: [])
        // The line that the daemon has cut off is not refused.
        #expect(door.called == ["wait", "now"])
        #expect(door.written == answer() + "\n")
        expect(door.answerFirst(), is: .flushLater)
        expect(door.flush(), is: .close)
        #expect(door.ledger.inputBytes == 0)
    }

    @Test func stoppingAnIdleConnectionClosesItOnceItsInputHasEnded() {
        var door = Door()
        expect(door.state.closeWhenDone(), is: [.endInput, .flush])
        expect(door.flush(), is: [])
        expect(door.state.closeWhenDone(), is: .flush)
        door.state.inputEnded()
        door.takeLines()
        _ = door.state.turnEnded(&door.ledger)
        expect(door.flush(), is: .close)
    }

    @Test func aCloseWhileRequestsWaitWithdrawsEachOnce() {
        var door = Door()
        door.receive((1...250).map { request("wait", id: $0) }.joined())
        _ = door.complete()
        while door.state.hasWork(&door.ledger) { door.takeLines() }
        #expect(door.called.count == 250)
        door.state.closed(&door.ledger)
        expect(door.state.hasWork(&door.ledger), is: true)
        var withdrawn = 0
        while let (call, answer) = door.state.nextWithdrawal() {
            call.cancel()
            withdrawn += 1
            #expect(answer == nil)
        }
        #expect(withdrawn == 250)
        expect(door.state.hasWork(&door.ledger), is: false)
        expect(door.state.completed(7, .result([]), &door.ledger), is: [])
    }

    @Test func nothingOfAClosedConnectionCounts() {
        var door = Door()
        door.receive("[" + request("large/5000", end: ",") + request("wait", end: "]\n") + request("large/300") + "{")
        _ = door.complete()
        #expect(door.ledger.buffered > 5300)
        #expect(door.ledger.inputBytes == 1)
        door.state.closed(&door.ledger)
        #expect(door.ledger.buffered == 0)
        #expect(door.ledger.inputBytes == 0)
        expect(door.flush(), is: [])
        #expect(door.written == "")
        door.state.closed(&door.ledger)
        #expect(door.ledger.buffered == 0, "a channel may say it twice")
    }

    @Test func aCloseDuringAFlushIsFollowedByNoWrite() {
        var door = Door()
        door.receive(request("large/1000"))
        _ = door.complete()
        door.room = 10
        _ = door.flush()
        let rest = door.state.output.take()
        #expect((rest?.readableBytes ?? 0) > 900)
        // The channel finds the socket broken, closes, and then fails what it was to write.
        door.state.closed(&door.ledger)
        expect(door.state.written(rest?.readableBytes ?? 0, &door.ledger), is: [])
        door.room = .max
        expect(door.flush(), is: [])
        #expect(door.written.utf8.count == 10)
        #expect(door.ledger.buffered == 0)
    }

    // MARK: Bounds

    @Test func aClientThatDoesNotReadIsNotReadFrom() {
        var door = Door()
        door.room = 0
        door.receive(request("large/2000000") + request("now", id: 2))
        #expect(door.called == ["large/2000000"])
        expect(door.mayRead(), is: false)
        expect(door.complete(), is: .flush)
        expect(door.flush(), is: .readingStopped)
        expect(door.mayRead(), is: false, "the channel has to write all of it first")
        let rest = door.state.output.take()?.readableBytes ?? 0
        expect(door.state.written(rest, &door.ledger), is: [.readingResumed, .takeTurn])
        door.takeLines()
        #expect(door.called.last == "now")
        expect(door.state.turnEnded(&door.ledger), is: .read)
    }

    @Test func aFullServerTakesOneLineAtATime() {
        var door = Door { $0.maxBufferedBytes = 1000 }
        let other = door.ledger.open(for: Principal(uid: 1), number: 2)
        door.ledger.settle(answerBytes: 1000, of: other)
        door.receive(request("large/300") + request("now", id: 2))
        #expect(door.called == ["large/300"])
        expect(door.complete(), is: .flush)
        expect(door.flush(), is: .takeTurn)
        #expect(isError(door.written, -32000, id: 1, limit: "maxBufferedBytes"))
        door.takeLines()
        _ = door.state.turnEnded(&door.ledger)
        #expect(door.called == ["large/300", "now"])
    }

    @Test func aTurnThatEndsEarlyIsFollowedByAnother() {
        var door = Door()
        door.stepsPerTurn = 3
        door.receive((1...5).map { request("now", id: $0) }.joined())
        #expect(door.called.count == 3)
        expect(door.complete(), is: [.flush, .takeTurn])
        expect(door.mayRead(), is: false, "what was read is taken first")
        expect(door.flush(), is: [])
        door.takeLines()
        #expect(door.called.count == 5)
        expect(door.state.turnEnded(&door.ledger), is: .read)
    }

    @Test func theItemsOfABatchAreTakenInTurnsToo() {
        var door = Door()
        door.stepsPerTurn = 3
        let items = (1...5).map { request("now", id: $0, end: "") }.joined(separator: ",")
        door.receive("[\(items)]\n")
        #expect(door.called.count == 3)
        expect(door.complete(), is: [.takeTurn], "no answer is whole yet")
        door.takeLines()
        _ = door.state.turnEnded(&door.ledger)
        _ = door.flush()
        #expect(door.written == "[" + (1...5).map { answer(id: $0) }.joined(separator: ",") + "]\n")
    }

    @Test func aConnectionClosesNoEarlierThanItsBatchIsTaken() {
        var door = Door()
        door.stepsPerTurn = 1
        door.receive("[\(request("now", end: "")),\(request("now", id: 2, end: ""))]\n")
        _ = door.state.closeWhenDone()
        door.state.inputEnded()
        while door.state.hasWork(&door.ledger) {
            let actions = door.flush()
            #expect(!actions.contains(.close))
            door.takeLines()
            _ = door.state.turnEnded(&door.ledger)
        }
        expect(door.flush(), is: .close)
        #expect(door.written == "[\(answer()),\(answer(id: 2))]\n")
    }

    // MARK: Cancelling

    @Test func aCancelInsideABatchAnswersItsItem() {
        var door = Door()
        door.receive("[" + request("wait", end: ",") + request("now", id: 2, end: "]\n"))
        door.state.cancel(RequestID(token: "1".utf8), with: ErrorObject(code: -32800, message: "cancelled"))
        while let (call, answer) = door.state.nextWithdrawal() {
            _ = door.state.answer(Response(id: call.id, answer ?? .result([])), at: call.place, &door.ledger)
        }
        _ = door.complete()
        _ = door.flush()
        #expect(door.written.hasPrefix(#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32800,"#))
        #expect(door.written.hasSuffix(answer(id: 2) + "]\n"))
    }

    @Test func aRequestThatIsAnsweredWhileAnotherIsWithdrawnIsNotWithdrawn() {
        var door = Door()
        door.receive(request("wait") + request("wait"))
        door.state.cancel(RequestID(token: "1".utf8), with: ErrorObject(.internalError))
        expect(door.state.nextWithdrawal() != nil, is: true)
        _ = door.state.completed(2, .result([]), &door.ledger)
        expect(door.state.nextWithdrawal() == nil, is: true)
    }

    // MARK: Other protocols

    @Test func anHTTPClientGetsOneAnswerAndTheEnd() {
        var door = Door()
        door.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        expect(door.complete(), is: .flushLater)
        expect(door.flush(), is: .close)
        #expect(door.written.utf8.elementsEqual(ForeignSpeech.httpAnswer + [UInt8(ascii: "\n")]))
        #expect(door.ledger.counters.refusedLines == [-32600: 1])
    }

    @Test func onlyTheFirstLineCanBeOfAnotherProtocol() {
        var door = Door()
        door.receive(request("now") + "GET / HTTP/1.1\n")
        _ = door.complete()
        _ = door.flush()
        #expect(door.written.contains("-32700"))
    }
}

/// A connection with a service that answers as ``ScriptedService`` does, and a socket that takes `room` bytes.
private struct Door {
    var ledger: DoorLedger
    var state: ConnectionState
    var called: [String] = []
    var written = ""
    var room = Int.max
    var stepsPerTurn = Int.max
    private var waiting: [UInt64] = []

    init(_ change: (inout ServerLimits) -> Void = { _ in }) {
        var limits = ServerLimits()
        change(&limits)
        ledger = DoorLedger(limits)
        state = ConnectionState(limits, account: ledger.open(for: Principal(uid: 1), number: 1))
    }

    mutating func receive(_ text: String) {
        state.received(ByteBuffer(string: text))
        takeLines()
    }

    mutating func takeLines() {
        state.turnBegins()
        for _ in 0..<stepsPerTurn {
            switch state.next(&ledger) {
            case .item(let item, let place): take(item, place)
            case .line: break
            case .nothing: return
            }
        }
    }

    private mutating func take(_ item: BatchItem, _ place: AnswerPlace) {
        guard case .request(let request) = item, let id = request.id else { return }
        called.append(request.method)
        let number = state.nextNumber()
        let parts = request.method.split(separator: "/")
        switch parts.first {
        case "wait":
            expect(wait(id, place, number), is: true)
        case "large":
            let text = String(repeating: "x", count: Int(parts[1]) ?? 0)
            _ = state.answer(Response(id: id, .result(Array("\"\(text)\"".utf8))), at: place, &ledger)
        default:
            _ = state.answer(Response(id: id, .result(Array("\"now\"".utf8))), at: place, &ledger)
        }
    }

    private mutating func wait(_ id: RequestID, _ place: AnswerPlace, _ number: UInt64) -> Bool {
        waiting.append(number)
        return state.wait(for: .init(id: id, place: place, cancel: {}), as: number)
    }

    /// Answers the request that has waited longest.
    mutating func answerFirst() -> ConnectionState.Actions {
        state.completed(waiting.removeFirst(), .result(Array("\"now\"".utf8)), &ledger)
    }

    mutating func mayRead() -> Bool { state.readRequested(&ledger) }

    mutating func complete() -> ConnectionState.Actions { state.readCompleted(&ledger) }

    mutating func flush() -> ConnectionState.Actions {
        var sent: [UInt8] = []
        let actions = state.flush(&ledger) { [room] bytes in
            sent = bytes.indices.prefix(room).map { bytes[$0] }
            return sent.count
        }
        written += String(decoding: sent, as: UTF8.self)
        return actions
    }
}
