import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import UpstreamClient

@Suite struct ResponseParserTests {
    /// What a parser has made of the bytes so far.
    private struct Reading: Equatable {
        var head: ResponseParser.Head?
        var body: [UInt8] = []
        var isComplete = false
        var isMalformed = false
        var hasUnreadBytes = false
    }

    /// - Parameter pieces: How many bytes come at a time.
    private static func read(_ bytes: [UInt8], pieces: [Int] = [.max], endOfFile: Bool = false) -> Reading {
        var parser = ResponseParser()
        var reading = Reading()
        var rest = bytes[...]
        var piece = 0
        do {
            repeat {
                parser.append(ByteBuffer(bytes: rest.prefix(pieces[piece % pieces.count])))
                rest = rest.dropFirst(pieces[piece % pieces.count])
                piece += 1
                while let part = try parser.next() {
                    switch part {
                    case .head(let head): reading.head = head
                    case .body(let body): reading.body += body.readableBytesView
                    case .end: reading.isComplete = true
                    }
                }
            } while !rest.isEmpty
            if endOfFile, !reading.isComplete { reading.isComplete = parser.endOfFile() }
        } catch {
            reading.isMalformed = true
        }
        reading.hasUnreadBytes = parser.hasUnreadBytes
        return reading
    }

    private static func read(_ text: String, pieces: [Int] = [.max], endOfFile: Bool = false) -> Reading {
        read(Array(text.utf8), pieces: pieces, endOfFile: endOfFile)
    }

    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    @Test(arguments: [[.max], [1], [7, 2], [64]])
    func answerIsReadInAnyPieces(pieces: [Int]) {
        let head = "HTTP/1.1 200 OK\r\nServer: x\r\nDATE:\t \(Self.date) \r\n"
        for (rest, body) in [
            ("Content-Length: 5\r\n\r\nhello", "hello"), ("content-length:0\r\n\r\n", ""),
            ("Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0006 ;a=\"b\"\r\n world\r\n00\r\n\r\n", "hello world"),
            (
                "Transfer-Encoding: chunked\r\n\r\nA\r\n0123\r\n678\n\r\n0\r\nTrailer: x\r\nOther:\r\n\r\n",
                "0123\r\n678\n"
            ),
        ] {
            let reading = Self.read(head + rest, pieces: pieces)
            #expect(reading.head == ResponseParser.Head(status: 200, keepsConnection: true, date: Self.date))
            #expect(reading.body == Array(body.utf8))
            #expect(reading.isComplete && !reading.isMalformed && !reading.hasUnreadBytes)
        }
    }

    /// Also the beginning of a head, of which nothing else would tell.
    @Test(arguments: [
        "\r\n", "H", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "\0",
    ])
    func bytesAfterTheEndAreSeen(rest: String) {
        for body in ["Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"] {
            let reading = Self.read("HTTP/1.1 200 OK\r\n" + body + rest)
            #expect(reading.isComplete && reading.hasUnreadBytes)
            #expect(reading.body == Array("{}".utf8))
        }
    }

    @Test func answerWithoutLengthEndsWithTheConnection() {
        let text = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{}"
        #expect(!Self.read(text).isComplete)
        #expect(Self.read(text, endOfFile: true).isComplete)
        #expect(Self.read(text, endOfFile: true).body == Array("{}".utf8))
        for cut in [
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        ] {
            #expect(!Self.read(cut, endOfFile: true).isComplete)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", true), ("HTTP/1.1 200\r\nConnection: keep-alive\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n", false), ("HTTP/1.1 200 OK\r\nconnection: x , CLOSE\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n", false),
        ("HTTP/1.0 200 OK\r\n", false), ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", false),
    ])
    func connectionIsKeptUnlessTheServerClosesIt(head: String, isKept: Bool) {
        #expect(Self.read(head + "Content-Length: 0\r\n\r\n").head?.keepsConnection == isKept)
    }

    @Test func interimHeadsArePassed() {
        let interim = "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let reading = Self.read(interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        #expect(reading.head?.status == 200)
        #expect(reading.body == Array("{}".utf8))
        #expect(Self.read("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").head?.status == 101)
    }

    @Test(arguments: [
        "x\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\u{0}\r\n\r\n", "HTTP/1.1 200 OK\r\nÄ: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 x\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx\r\n\r\n",
    ])
    func whatCouldBeReadInTwoWaysIsRefused(text: String) {
        for pieces in [[Int.max], [1]] {
            let reading = Self.read(text, pieces: pieces)
            #expect(reading.isMalformed && !reading.isComplete)
        }
    }

    @Test func headIsBounded() {
        let line = "A: " + String(repeating: "b", count: 1000) + "\r\n"
        let lines = String(repeating: line, count: ResponseParser.maximumHeadSize / line.utf8.count)
        let end = "Content-Length: 0\r\n\r\n"
        #expect(Self.read("HTTP/1.1 200 OK\r\n" + end).isComplete)
        #expect(Self.read("HTTP/1.1 200 OK\r\n" + lines + line + end).isMalformed)
        #expect(Self.read("HTTP/1.1 200 OK\r\nA: " + String(repeating: "b", count: 70_000)).isMalformed)
        let interim = String(repeating: "HTTP/1.1 100 x\r\n\r\n", count: 10_000)
        #expect(Self.read(interim).isMalformed)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Self.read(chunked + "1;" + String(repeating: "x", count: 2000)).isMalformed)
        #expect(Self.read(chunked + "0\r\n" + lines + line + "\r\n").isMalformed)
    }

    /// Mutated answers in random pieces: what is read at all is what NIO's decoder reads, and the pieces do not matter.
    @Test func nothingIsReadOtherwiseThanByNIO() throws {
        var random = SplitMix64(state: 20_261_130)
        let seeds = [
            "HTTP/1.1 200 OK\r\nDate: \(Self.date)\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n{\"a\":[1, 2]}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n7\r\n[1, 2]}\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        ].map { Array($0.utf8) }
        var read = 0
        for round in 0..<6_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 0...3, using: &random) { random.mutate(&bytes) }
            let pieces = (0..<5).map { _ in Int.random(in: 1...40, using: &random) }
            let reading = Self.read(bytes, pieces: pieces)
            #expect(reading.isMalformed || Self.read(bytes).body == reading.body)
            guard reading.isComplete, reading.head?.status == 200 else { continue }
            read += 1
            let nio = try Self.readByNIO(bytes)
            #expect(nio.status == 200 && nio.isComplete, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(nio.body == reading.body, "\(String(decoding: bytes, as: UTF8.self))")
            if reading.head?.keepsConnection == true { #expect(nio.isKeepAlive) }
        }
        #expect(read > 1000)
    }

    private static func readByNIO(
        _ bytes: [UInt8]
    ) throws -> (status: UInt?, isKeepAlive: Bool, body: [UInt8], isComplete: Bool) {
        let channel = EmbeddedChannel()
        let decoder = HTTPResponseDecoder()
        try channel.pipeline.syncOperations.addHandler(HTTPRequestEncoder())
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
        try channel.writeOutbound(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")))
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var result: (status: UInt?, isKeepAlive: Bool, body: [UInt8], isComplete: Bool) = (nil, false, [], false)
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let head): (result.status, result.isKeepAlive) = (head.status.code, head.isKeepAlive)
            case .body(let body): result.body += body.readableBytesView
            case .end: result.isComplete = true
            }
        }
        _ = try? channel.finish()
        return result
    }
}
