import NIOPosix
import Testing

@testable import imattr_bench

struct ComparisonTests {
    private func length(_ wire: Wire, _ text: String) -> Int? {
        Array(text.utf8).withUnsafeBytes(wire.answerLength)
    }

    @Test func aLineEndsWithItsLineFeed() {
        #expect(length(.lines, "") == nil)
        #expect(length(.lines, "abc") == nil)
        #expect(length(.lines, "abc\n") == 4)
        #expect(length(.lines, "abc\nde\n") == 4)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 41),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", nil),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\n\r\nHTTP/1.1 ", 44),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", nil), ("HTTP/1.1 200 OK\r\r\r\n\r", nil),
    ])
    func anHTTPAnswerEndsWithItsContent(text: String, length: Int?) {
        #expect(self.length(.http, text) == length)
    }

    @Test func anErrorIsNoRightAnswer() {
        func isRight(_ wire: Wire, _ text: String) -> Bool { Array(text.utf8).withUnsafeBytes(wire.isRight) }
        #expect(isRight(.lines, #"{"jsonrpc":"2.0","id":1,"result":"pong"}"#))
        #expect(!isRight(.lines, #"{"jsonrpc":"2.0","id":1,"error":{}}"#))
        #expect(isRight(.http, "HTTP/1.1 200 OK\r\n"))
        #expect(!isRight(.http, "HTTP/1.1 503 Service Unavailable\r\n"))
    }

    @Test(arguments: [(1, 1), (1, 50), (16, 100)])
    func aLoadGetsAsManyAnswersAsItIsToAskFor(depth: Int, count: Int) async throws {
        // All but the script's end is answered: one answer too many asked for would be none.
        try await ScriptedDaemon.run(Array(repeating: .pong, count: count)) { path in
            let load = PlainLoad(Array(repeating: Request.ping, count: 3), depth: depth)
            let waits = try await NIOThreadPool.singleton.runIfActive {
                try load.connect(to: Scripted(socketPath: path)).ask(count)
            }
            #expect(waits.count == (depth == 1 ? count : 0))
        }
    }

    @Test func aLoadThatIsRefusedSaysSo() async throws {
        try await ScriptedDaemon.run([.refusal(retryable: false)]) { path in
            _ = await #expect(throws: PlainLoad.Broken.self) {
                _ = try await NIOThreadPool.singleton.runIfActive {
                    try PlainLoad([Request.ping]).connect(to: Scripted(socketPath: path)).ask(1)
                }
            }
        }
    }

    private struct Scripted: Contestant {
        let socketPath: String
        let wire = Wire.lines
        func processorTime() -> Duration { .zero }
    }

    @Test func memoryIsReadFromARollup() {
        let memory = ProcessMemory(
            rollup: "55-7f ---p 0 00:00 0 [rollup]\nRss:     24 kB\nPss: 9 kB\nPrivate_Dirty:  7 kB\n")
        #expect(memory.resident == 24 * 1024)
        #expect(memory.privateDirty == 7 * 1024)
    }

    @Test func switchesAreThoseOfBothKinds() {
        let status = "Name:\timattrd\nvoluntary_ctxt_switches:\t120\nnonvoluntary_ctxt_switches:\t3\n"
        #expect(ContextSwitches.count(status: status) == 123)
    }

    @Test func switchesOfThreadsThatHaveEndedAreNotMissed() {
        let before = ContextSwitches(["1": 10, "2": 5])
        #expect(ContextSwitches(["1": 12, "3": 1]).since(before) == 3)
    }

    @Test func roundsThatDifferMakeNoFigure() {
        let steady = Finding("", Samples([10, 11, 10]), "µs", .atMost(12))
        #expect(steady.isMet)
        #expect(steady.text.contains("10.00 µs"))
        let unsteady = Finding("", Samples([1, 10, 20]), "µs", .atMost(100))
        #expect(!unsteady.isMet)
        #expect(unsteady.text.contains("unsteady"))
        #expect(!unsteady.text.contains("10.00"))
    }
}
