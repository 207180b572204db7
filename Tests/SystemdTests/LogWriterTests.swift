import Glibc
import Logging
import Testing

@testable import Systemd

struct LogBacklogTests {
    private let large = LogEntry(.info, String(repeating: "x", count: LogBacklog.capacity / 2))

    @Test func whatDoesNotFitIsCountedInItsPlace() {
        var backlog = LogBacklog()
        #expect(backlog.isEmpty)
        let small = LogEntry(.info, "small")
        let taken = [large, large, large, small, large].map { backlog.append($0) }
        #expect(taken == [true, false, false, true, false])
        #expect(backlog.items.map(\.summary) == ["entry", "2", "entry", "1"])
    }

    @Test func oneAloneMayBeLarger() {
        var backlog = LogBacklog()
        let name = String(repeating: "x", count: 2 * LogBacklog.capacity)
        let isTaken = backlog.append(LogEntry(.info, "audit", ["To_Account": .string(name)]))
        #expect(isTaken)
    }
}

extension LogBacklog.Item {
    fileprivate var summary: String {
        switch self {
        case .entry: "entry"
        case .dropped(let count): "\(count)"
        }
    }
}

struct LogWriterTests {
    /// More than a pipe and the backlog hold.
    private static let entries = 60_000

    /// Reads a pipe to its end.
    private func read(_ descriptor: CInt) -> [Substring] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private func makePipe() throws -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func aPipeThatIsNotReadHoldsNobodyUp() throws {
        let pipe = try makePipe()
        defer { close(pipe.reading) }
        let writer = LogWriter(.standardError(isJSON: false), descriptor: pipe.writing)
        let logger = Logger(label: "test") { _ in writer.handler }
        for number in 0..<Self.entries { logger.info("entry", metadata: ["number": "\(number)"]) }
        let dropped = writer.droppedCount
        #expect(dropped > 0)
        writer.flush(within: .milliseconds(1))
        // It flows again.
        let reader = Reader { read(pipe.reading) }
        writer.flush(within: .seconds(60))
        logger.info("at last")
        writer.flush(within: .seconds(60))
        close(pipe.writing)
        let lines = reader.result()
        let reports = lines.filter { $0.contains("log entries were dropped") }
        #expect(reports.map { $0.split(separator: " ").last } == ["count=\(dropped)"])
        #expect(reports.allSatisfy { $0.contains(" warning: ") })
        #expect(lines.count { $0.contains(" info: entry number=") } == Self.entries - dropped)
        #expect(lines.last?.hasSuffix("info: at last") == true)
    }

    @Test func aReaderThatIsGoneIsNoReasonToEnd() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try makePipe()
        close(pipe.reading)
        defer { close(pipe.writing) }
        let writer = LogWriter(.standardError(isJSON: false), descriptor: pipe.writing)
        Logger(label: "test") { _ in writer.handler }.info("entry")
        writer.flush(within: .seconds(60))
        #expect(writer.droppedCount == 1)
    }

    @Test func anotherProgramMayHaveMadeItNonBlocking() throws {
        let pipe = try makePipe()
        defer { close(pipe.reading) }
        let writer = LogWriter(.standardError(isJSON: true), descriptor: pipe.writing)
        #expect(fcntl(pipe.writing, F_SETFL, O_NONBLOCK) == 0)
        let logger = Logger(label: "test") { _ in writer.handler }
        let text = String(repeating: "x", count: 1 << 17)
        logger.info("entry", metadata: ["text": "\(text)"])
        let reader = Reader { read(pipe.reading) }
        writer.flush(within: .seconds(60))
        close(pipe.writing)
        let lines = reader.result()
        #expect(lines.count == 1)
        #expect(lines.first?.hasSuffix(",\"text\":\"\(text)\"}") == true)
    }
}

/// Something that is done on a thread meanwhile.
private final class Reader<Result: Sendable>: Sendable {
    private let thread: DeliveryThread<Receiver>
    private let box: Box

    /// Only one thread at a time touches it: the second one after a flush of the first one's work.
    private final class Box: @unchecked Sendable { var result: Result? }

    private struct Load: DeliveryLoad { var isEmpty = true }

    private struct Receiver: DeliveryReceiver {
        let box: Box
        let body: @Sendable () -> Result

        func deliver(_ load: Load) { box.result = body() }
    }

    init(_ body: @escaping @Sendable () -> Result) {
        box = Box()
        thread = DeliveryThread(name: "test", Receiver(box: box, body: body))
        thread.update { $0.isEmpty = false }
    }

    func result() -> Result where Result: RangeReplaceableCollection {
        thread.flush(within: .seconds(60))
        return box.result ?? Result()
    }
}
