import Glibc
import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct OutputTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let answer = Array("1234567".utf8)

    @Test func answersBecomeLines() {
        var output = Output(timeout: .seconds(60))
        expect(output.take(), is: nil)
        output.append(answer)
        output.append(Array("8".utf8))
        #expect(output.unwritten == 10)
        expect(output.take(), is: ByteBuffer(string: "1234567\n8\n"))
        expect(output.take(), is: nil)
        #expect(output.unwritten == 10)
        output.written(10)
        #expect(output.unwritten == 0)
    }

    // MARK: Past the channel

    private func withSockets(_ body: (_ ours: CInt, _ theirs: CInt) throws -> Void) rethrows {
        var sockets: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &sockets) == 0)
        defer { for socket in sockets { close(socket) } }
        try body(sockets[0], sockets[1])
    }

    @Test func whatTheSocketTakesDoesNotPassTheChannel() {
        withSockets { ours, theirs in
            var output = Output(timeout: .seconds(60))
            expect(output.writeNow(to: ours), is: 0, "there is nothing yet")
            output.append(answer)
            expect(output.writeNow(to: ours), is: 8)
            #expect(output.unwritten == 0)
            expect(output.take(), is: nil)
            var bytes = [UInt8](repeating: 0, count: 100)
            #expect(read(theirs, &bytes, 100) == 8)
            #expect(Array(bytes.prefix(8)) == answer + [UInt8(ascii: "\n")])
        }
    }

    @Test func whatTheSocketDoesNotTakePassesTheChannelInOrder() {
        withSockets { ours, theirs in
            var output = Output(timeout: .seconds(60))
            let long = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
            output.append(long)
            let gone = output.writeNow(to: ours)
            #expect(gone > 0 && gone < long.count)
            #expect(output.unwritten == long.count + 1 - gone)
            expect(output.take(), is: ByteBuffer(bytes: long[gone...] + [UInt8(ascii: "\n")]))
            output.append(answer)
            expect(output.writeNow(to: ours), is: 0, "the channel has something to write before")
            expect(output.take(), is: ByteBuffer(string: "1234567\n"))
        }
    }

    @Test func aSocketThatIsGoneIsLeftToTheChannel() {
        withSockets { ours, theirs in
            var output = Output(timeout: .seconds(60))
            shutdown(theirs, CInt(SHUT_RD))
            output.append(answer)
            expect(output.writeNow(to: ours), is: 0)
            expect(output.take(), is: ByteBuffer(string: "1234567\n"))
        }
    }

    // MARK: Progress

    @Test func itIsWatchedOnceWhileBytesWait() {
        var output = Output(timeout: .seconds(60))
        expect(output.startWatching(at: start), is: false)
        output.append(answer)
        expect(output.startWatching(at: start), is: false, "the channel has not been given anything yet")
        _ = output.take()
        expect(output.startWatching(at: start), is: true)
        expect(output.startWatching(at: start), is: false)
        output.written(8)
        expect(output.check(left: 0, at: start), is: .idle)
        output.append(answer)
        _ = output.take()
        expect(output.startWatching(at: start), is: true)
    }

    @Test func aClientThatTakesNothingIsStuckWhenTheTimeIsOver() {
        var output = watched()
        expect(output.check(left: 8, at: start + .seconds(59)), is: .progressing)
        expect(output.check(left: 8, at: start + .seconds(60)), is: .stuck)
    }

    @Test func aClientThatTakesAByteHasAllTheTimeAgain() {
        var output = watched()
        expect(output.check(left: 7, at: start + .seconds(59)), is: .progressing)
        expect(output.check(left: 7, at: start + .seconds(118)), is: .progressing)
        expect(output.check(left: 7, at: start + .seconds(119)), is: .stuck)
    }

    @Test func newAnswersDoNotHideThatAClientReads() {
        var output = watched()
        for round in 1...10 {
            output.append(answer)
            _ = output.take()
            output.written(8)
            expect(output.check(left: 8, at: start + .seconds(Int64(50 * round))), is: .progressing)
        }
    }

    @Test func newAnswersAreNoProgress() {
        var output = watched()
        output.append(answer)
        _ = output.take()
        expect(output.check(left: 16, at: start + .seconds(30)), is: .progressing)
        expect(output.check(left: 16, at: start + .seconds(60)), is: .stuck)
    }

    @Test func nothingIsLeftOfAConnectionThatIsGone() {
        var output = watched()
        output.append(answer)
        output.removeAll()
        #expect(output.unwritten == 0)
        expect(output.take(), is: nil)
        expect(output.check(left: 0, at: start + .seconds(100)), is: .idle)
    }

    @Test func progressIsLookedForSeveralTimesInTheTime() {
        #expect(Output(timeout: .seconds(60)).checkInterval == .seconds(10))
        #expect(Output(timeout: .nanoseconds(1)).checkInterval == .nanoseconds(1))
    }

    private func watched() -> Output {
        var output = Output(timeout: .seconds(60))
        output.append(answer)
        _ = output.take()
        _ = output.startWatching(at: start)
        return output
    }
}

extension Output {
    fileprivate mutating func append(_ json: [UInt8]) { append { $0 += json } }

    fileprivate mutating func writeNow(to socket: CInt) -> Int {
        writeNow { bytes in
            bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)) }
        }
    }
}
