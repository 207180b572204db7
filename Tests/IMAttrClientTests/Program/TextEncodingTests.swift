import Glibc
import IMAttrClient
import Testing

@testable import imattr

/// Texts as people have them: with and without marks, in the encodings of other systems, in any pieces.
struct TextEncodingTests {
    private static let text = "abc\r\nZhang 小红\n\u{1F600}\n"

    private func utf16(_ text: String, isLittleEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return isLittleEndian ? bytes.reversed() : bytes
        }
    }

    /// What becomes of a text that comes in two pieces, and what was guessed.
    private func decoded(
        _ text: [UInt8], cut: Int, encoding: String? = nil, format: InputFormat = .lines
    ) throws -> (text: String, guess: String?) {
        var decoder = try TextDecoder(format, encoding: encoding)
        let bytes = try decoder.take(text[..<cut]) + decoder.take(text[cut...]) + decoder.end()
        return (String(decoding: bytes, as: UTF8.self), decoder.guess)
    }

    private func expect(
        _ text: [UInt8], encoding: String? = nil, gives wanted: String = text, guess: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for cut in 0...text.count {
            let found = try decoded(text, cut: cut, encoding: encoding)
            #expect(found.text == wanted, "cut at \(cut)", sourceLocation: sourceLocation)
            #expect(found.guess == guess, "cut at \(cut)", sourceLocation: sourceLocation)
        }
    }

    @Test func aMarkSaysWhatItIsHoweverItIsCut() throws {
        try expect(Array("\u{FEFF}\(Self.text)".utf8))
        for isLittleEndian in [true, false] {
            try expect(utf16("\u{FEFF}\(Self.text)", isLittleEndian: isLittleEndian))
        }
        let scalars = "\u{FEFF}\(Self.text)".unicodeScalars.map(\.value)
        let words = scalars.map { value in [0, 8, 16, 24].map { UInt8(value >> $0 & 0xFF) } }
        try expect(words.flatMap { $0 })
        try expect(words.flatMap { $0.reversed() })
        try expect([0xEF, 0xBB, 0xBF], gives: "")
        try expect([0xFF, 0xFE], gives: "")
        // As a pipe is read in which somebody types.
        var typed = try TextDecoder(.lines, encoding: nil)
        #expect(try typed.take(Array("one\n".utf8)[...]) == Array("one\n".utf8))
        try expect([0xEF, 0xBB], gives: String(decoding: [0xEF, 0xBB] as [UInt8], as: UTF8.self))
    }

    @Test func utf16WithoutAMarkIsRecognised() throws {
        try expect(utf16(Self.text, isLittleEndian: true), guess: "UTF-16LE")
        try expect(utf16(Self.text, isLittleEndian: false), guess: "UTF-16BE")
        let headings = utf16("编号,用户\n1,a\n", isLittleEndian: true)
        #expect(try decoded(headings, cut: 4, format: .csv) == ("编号,用户\n1,a\n", "UTF-16LE"))
        try expect(utf16("小红\n小明\n", isLittleEndian: false), gives: "小红\n小明\n", guess: "UTF-16BE")
        let json = utf16("[\"a\"]", isLittleEndian: true)
        #expect(try decoded(json, cut: 1, format: .json) == ("[\"a\"]", "UTF-16LE"))
    }

    /// The same bytes can be accounts with NUL characters between them; a guess would be right for one of the two.
    @Test func aDoubtfulTextIsNotGuessed() throws {
        try expect(Array("a\0b\0c\0".utf8), gives: "a\0b\0c\0")
        try expect(Array("plain\n".utf8), gives: "plain\n")
    }

    @Test func anyEncodingOfTheSystemCanBeNamed() throws {
        let name = "张小红"
        let gb18030: [UInt8] = [0xD5, 0xC5, 0xD0, 0xA1, 0xBA, 0xEC, 0x0A]
        for encoding in ["GBK", "gb18030"] { try expect(gb18030, encoding: encoding, gives: name + "\n") }
        try expect([0x94, 0x39, 0xFC, 0x36], encoding: "GB18030", gives: "\u{1F600}")
        try expect(utf16("\u{FEFF}" + Self.text, isLittleEndian: true), encoding: "UTF-16")
        try expect(utf16("\u{FEFF}" + Self.text, isLittleEndian: true), encoding: "UTF-16LE")
        try expect(Array("\u{FEFF}a\0b\n\0".utf8), encoding: "utf-8", gives: "a\0b\n\0")
        for name in ["", "no such", "UTF-16//IGNORE"] {
            #expect(throws: Iconv.Unknown.self) { try TextDecoder(.lines, encoding: name) }
        }
    }

    @Test func whatCannotBeConvertedIsToldWithItsPlace() throws {
        func failure(_ text: [UInt8], _ encoding: String) -> DecodingError? {
            #expect(throws: DecodingError.self) { try decoded(text, cut: 1, encoding: encoding) }
        }
        #expect(failure([0x61, 0x62, 0xFF, 0x0A], "GB18030") == DecodingError("byte 3", "it is not GB18030"))
        #expect(failure([0x61, 0x62, 0xD5], "GB18030") == DecodingError("byte 3", "it ends inside a character"))
    }

    @Test func aLongTextIsConvertedWhole() throws {
        let long = String(repeating: "张小红\n", count: 50_000)
        #expect(try decoded(utf16(long, isLittleEndian: false), cut: 99_999).text == long)
    }
}
