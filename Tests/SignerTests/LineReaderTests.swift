import Testing

@testable import Signer

@Suite("Reader of the signer's lines") struct LineReaderTests {
    private var reader = LineReader()

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test mutating func linesComeOneByOneHoweverTheyAreCut() {
        reader.append(bytes("on"))
        #expect(reader.next() == nil)
        reader.append(bytes("e\r\n \t\n\ntwo\nthr"))
        #expect(reader.next() == .line(bytes("one")))
        #expect(reader.next() == .line(bytes("two")))
        #expect(reader.next() == nil)
        reader.append(bytes("ee\n"))
        #expect(reader.next() == .line(bytes("three")))
        #expect(reader.next() == nil)
    }

    @Test mutating func longestLineIsALine() {
        #expect(reader.room == 1025)
        let longest = [UInt8](repeating: 0x78, count: LineReader.limit)
        reader.append(longest)
        #expect(reader.next() == nil)
        #expect(reader.room == 1)
        reader.append(bytes("\n"))
        #expect(reader.next() == .line(longest))
        #expect(reader.room == 1025)
    }

    @Test mutating func oneByteMoreIsTooLongAndTheEnd() {
        reader.append([UInt8](repeating: 0x78, count: LineReader.limit + 1))
        #expect(reader.next() == .tooLong)
        #expect(reader.room == 0)
        #expect(reader.next() == nil)
        reader.append(bytes("\n"))
        #expect(reader.next() == nil)
    }
}
