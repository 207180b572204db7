import IMAttrClient
import Testing

@testable import imattr

/// What `imattr status` makes of a daemon's status.
struct StatusTests {
    private static let busy = """
        {"version":"0.1.0","pid":42,"uptimeSeconds":93784,"state":"degraded","reasons":["upstream\\u001b says 70009"],
        "connections":3,"bufferedBytes":1572864,"door":{"isShortOfDescriptors":true},"upstream":{"host":"h:443","healthy":false,"failuresInARow":4,
        "lastError":{"code":70009,"message":"bad"}},"limiter":{"rateLimit":100,"currentLimit":50,"why":"refused",
        "slotsHeld":47,"callsUnderWay":12},"queue":{"requests":1,"waitingAccounts":1234567,"oldestWaitingMs":12000},
        "held":{"answers":2,"bytes":2048},"counters":{"calls":10,"accounts":995,"accountsPerCall":99.5,"retries":1,
        "answered":7,"failed":2,"expired":0,"fromMemory":1,"failedCallsByCode":{"70009":3,"-32002":1}},
        "userSig":{"expiresAt":4600},"lastReload":{"at":940,"succeeded":false,"problems":["rateLimit: no"]}}
        """

    private func status(_ json: String) throws -> DaemonStatus { try DaemonStatus(Array(json.utf8)) }

    private func lines(_ json: String, isColoured: Bool = false) throws -> [String] {
        StatusText(status: try status(json), style: Style(isColoured: isColoured), now: 1000).lines
    }

    @Test func everythingThatMattersIsSaid() throws {
        #expect(
            try lines(Self.busy) == [
                "imattrd   degraded, version 0.1.0, pid 42, up 1 d 2 h",
                "          upstream\\u001b says 70009",
                "upstream  h:443, failing, 4 times in a row: 70009 bad",
                "UserSig   valid for 1 h",
                "limit     100 calls/s, 47 of 50 slots held, 12 under way; lowered to 50: refused",
                "queue     1 request, 1,234,567 accounts waiting, the oldest for 12 s",
                "calls     10 to upstream, 99.5 accounts each, 1 retried",
                "failures  70009: 3, -32002: 1",
                "requests  7 answered, 2 failed, 1 account from memory",
                "held      2 answers, 2.0 KiB",
                "callers   3 connections, 1.5 MiB not yet read; no file descriptor is left for more",
                "reload    refused 1 min ago, the old configuration holds: rateLimit: no",
            ])
    }

    @Test func whatTheDaemonDoesNotSayIsLeftOut() throws {
        #expect(try lines(#"{"state":"misconfigured","more":[1]}"#) == ["imattrd   misconfigured"])
        #expect(try lines("{}") == ["imattrd   ?"])
    }

    private func you(_ queue: String, _ others: String = "", uid: UInt32 = 1000) throws -> String? {
        let json = "{\"queue\":{\"requests\":1,\"waitingAccounts\":9,\"waitingAccountsByUid\":{\(queue)}}\(others)}"
        let text = StatusText(status: try status(json), style: Style(isColoured: false), now: 0, uid: uid)
        return text.lines.first { $0.hasPrefix("you") }.map { String($0.dropFirst(10)) }
    }

    @Test func aCallerSeesItsOwnPlace() throws {
        #expect(try you("") == "nothing waits for you")
        #expect(try you("\"0\":7") == "nothing waits for you")
        #expect(try you("\"1000\":1200") == "1,200 accounts waiting of user 1000")
        let full =
            ",\"limiter\":{\"rateLimit\":100,\"currentLimit\":50,\"slotsHeld\":48,\"callsUnderWay\":9,\"maxInFlight\":64}"
        #expect(
            try you("\"1000\":1,\"0\":7,\"5\":1", full)
                == "1 account waiting of user 1000, who takes turns with 2 other users; they wait for the limit of 50 calls/s"
        )
        let slow = ",\"limiter\":{\"currentLimit\":100,\"slotsHeld\":5,\"callsUnderWay\":64,\"maxInFlight\":64}"
        #expect(try you("\"1000\":2", slow)?.contains("answers of the upstream to 64 calls") == true)
        #expect(try you("\"1000\":2", ",\"upstream\":{\"open\":false}")?.contains("the upstream, which fails") == true)
        let silent = StatusText(status: try status("{}"), style: Style(isColoured: false), now: 0, uid: 1)
        #expect(silent.lines == ["imattrd   ?"])
    }

    @Test func coloursAreForTerminalsThatHaveThem() throws {
        #expect(
            try lines(#"{"state":"ready"}"#, isColoured: true) == [
                "\u{1B}[1mimattrd   \u{1B}[0m\u{1B}[32mready\u{1B}[0m"
            ])
        func isColoured(_ isTerminal: Bool, _ environment: [String: String]) -> Bool {
            Style(isTerminal: isTerminal) { environment[$0] }.isColoured
        }
        #expect(isColoured(true, ["TERM": "xterm"]))
        #expect(isColoured(true, ["NO_COLOR": ""]))
        #expect(!isColoured(true, ["NO_COLOR": "1"]))
        #expect(!isColoured(true, ["TERM": "dumb"]))
        #expect(!isColoured(false, ["TERM": "xterm"]))
    }

    // MARK: The live view

    private func counted(_ calls: Int, _ accounts: Int, pid: Int = 1) throws -> DaemonStatus {
        try status(
            """
            {"state":"ready","pid":\(pid),"limiter":{"rateLimit":100,"slotsHeld":50},
            "queue":{"waitingAccounts":8},"counters":{"calls":\(calls),"accounts":\(accounts)}}
            """)
    }

    @Test func ratesAreOfTheIntervalAndStartAgainWithTheDaemon() throws {
        var history = StatusHistory(capacity: 2)
        #expect(history.append(try counted(100, 1000), at: .seconds(1)) == nil)
        let sample = history.append(try counted(150, 3500), at: .milliseconds(1500))
        #expect(sample == .init(callsPerSecond: 100, accountsPerCall: 50, waitingAccounts: 8, slotsHeld: 50))
        #expect(history.append(try counted(150, 3500), at: .seconds(2))?.accountsPerCall == nil)
        #expect(history.append(try counted(0, 0, pid: 2), at: .seconds(3)) == nil)
        #expect(history.append(try counted(1, 1, pid: 2), at: .seconds(4))?.callsPerSecond == 1)
        #expect(history.samples.count == 2)
    }

    @Test func theScreenEndsInCurves() throws {
        var view = LiveView(style: Style(isColoured: false))
        #expect(view.screen(try counted(0, 0), at: .zero, seconds: 0).suffix(4).first == "calls/s          -  ")
        #expect(
            view.screen(try counted(50, 1000), at: .seconds(1), seconds: 0).suffix(4) == [
                "calls/s       50.0  ▄", "fill          20.0  ▂", "waiting          8  █", "slots           50  ▄",
            ])
    }

    @Test func aPipeGetsLines() throws {
        var view = LiveView(style: Style(isColoured: false))
        #expect(view.line(try counted(0, 0), at: .zero) == nil)
        let line = try #require(view.line(try counted(50, 1000), at: .seconds(1)))
        #expect(line == "ready              50.0      20.0           8        50            -")
        #expect(line.count == LiveView.heading.count)
    }

    @Test(arguments: [
        ([0, 0.001, 50, 100, 1000], " ▁▄██"), ([], ""), ([-1], " "),
    ])
    func barsShowWhatIsNotNought(numbers: [Double], text: String) {
        #expect(Sparkline.draw(numbers, top: 100) == text)
    }

    @Test func numbersAreReadable() {
        #expect([0, 999, 1000, -1_234_567].map(Quantity.grouped) == ["0", "999", "1,000", "-1,234,567"])
        #expect(
            [0, 59, 60, 3661, 90_000, 864_000].map { Quantity.duration(seconds: $0) }
                == ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h", "10 d"])
        #expect(
            [0, 1023, 1024, 1_572_864, 1 << 45].map(Quantity.bytes) == [
                "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "32.0 TiB",
            ])
        #expect([0.04, 0.05, 1234.56].map(Quantity.tenths) == ["0.0", "0.1", "1,234.6"])
    }
}
