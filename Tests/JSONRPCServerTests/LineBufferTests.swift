import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct LineBufferTests {
    private static let texts = [
        "", "\n", "\r\n", "a", "a\n", "a\r\n", "a\nb", "a\r\n\nb\r\n", "\r\r\n", "ab\rc\n", "12345678\n",
        "12345678\r\n",
        "12345678", "12345678\r", "\n\n\n", "a\n12345678\nb\n",
    ]

    @Test(arguments: texts) func everySplitGivesTheSameLines(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = pieces([bytes[...]])
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let chunks = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(pieces(chunks) == whole, "cut at \(first) and \(second)")
            }
        }
        #expect(pieces(bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test func endsOfLinesAreNotPartOfThem() {
        #expect(pieces([Array("a\r\n\nb\rc\nlast".utf8)[...]]) == [line("a"), line(""), line("b\rc"), line("last")])
    }

    @Test func theLimitIsForTheLineWithoutItsEnd() {
        #expect(pieces([Array("12345678\r\n".utf8)[...]]) == [line("12345678")])
        #expect(pieces([Array("123456789\n".utf8)[...]]) == [.tooLong])
        #expect(pieces([Array("123456789".utf8)[...]]) == [.tooLong])
    }

    @Test func aLineThatIsTooLongIsNotWaitedFor() {
        var buffer = LineBuffer(limit: 8)
        buffer.append(ByteBuffer(string: "123456789"))
        expect(buffer.next(), is: nil, "the ninth byte could have been a carriage return")
        buffer.append(ByteBuffer(string: "0"))
        expect(buffer.next(), is: .tooLong)
    }

    @Test func afterRemovingAllItStartsAfresh() {
        var buffer = LineBuffer(limit: 8)
        buffer.append(ByteBuffer(string: "12345"))
        expect(buffer.next(), is: nil)
        buffer.removeAll()
        buffer.append(ByteBuffer(string: "a\nb"))
        expect(buffer.next(), is: line("a"))
    }

    @Test func anEmptyBufferHoldsNoMemory() {
        var buffer = LineBuffer(limit: 1 << 20)
        buffer.append(ByteBuffer(repeating: UInt8(ascii: "\n"), count: 65536))
        while buffer.next() != nil {}
        buffer.releaseMemory()
        #expect(buffer.capacity == 0)
    }

    @Test func aShortBeginningHoldsLittleMemory() {
        var buffer = LineBuffer(limit: 1 << 20)
        var chunk = ByteBuffer(repeating: UInt8(ascii: "\n"), count: 65535)
        chunk.writeString("a")
        buffer.append(chunk)
        while buffer.next() != nil {}
        buffer.releaseMemory()
        #expect(buffer.count == 1)
        #expect(buffer.capacity <= 512)
    }

    @Test func aClientWhoseReadsNeverEndWithALineDoesNotMakeItGrow() {
        var buffer = LineBuffer(limit: 1 << 20)
        var most = 0
        var lines = 0
        for _ in 0..<2000 {
            buffer.append(ByteBuffer(string: "b\n" + String(repeating: "a", count: 8000)))
            while buffer.next() != nil { lines += 1 }
            buffer.releaseMemory()
            most = max(most, buffer.capacity)
        }
        #expect(lines == 2000)
        #expect(most <= 1 << 17)
    }

    @Test func theMemoryOfALineServesForAnother() {
        var buffer = LineBuffer(limit: 100)
        buffer.append(ByteBuffer(string: "the first\r\nnext\n"))
        var memory: [UInt8] = []
        memory.reserveCapacity(64)
        let place = memory.withUnsafeBufferPointer(\.baseAddress)
        var pool = LinePool()
        pool.giveBack(memory)
        memory = []
        for text in ["the first", "next"] {
            guard case .line(let line) = buffer.next(from: &pool) else {
                Issue.record("no line \(text)")
                return
            }
            #expect(line == Array(text.utf8))
            #expect(line.withUnsafeBufferPointer(\.baseAddress) == place)
            pool.giveBack(line)
        }
    }

    private func line(_ text: String) -> LineBuffer.Piece { .line(Array(text.utf8)) }

    private func pieces(_ chunks: [ArraySlice<UInt8>]) -> [LineBuffer.Piece] {
        var buffer = LineBuffer(limit: 8)
        var pieces: [LineBuffer.Piece] = []
        for chunk in chunks {
            buffer.append(ByteBuffer(bytes: chunk))
            while let piece = buffer.next() { pieces.append(piece) }
            buffer.releaseMemory()
        }
        if let piece = buffer.last() { pieces.append(piece) }
        return pieces
    }
}

extension LineBuffer {
    fileprivate mutating func next() -> Piece? {
        var pool = LinePool()
        return next(from: &pool)
    }
}
