import Foundation
import JSONTokens
import Testing

@Suite("Other readers of JSON agree")
struct RefereeTests {
    /// Python's strict verdicts, written by Tests/Fuzz/make-verdicts.
    struct Verdict {
        let text: [UInt8]
        let isJSON: Bool

        static func all() throws -> [Verdict] {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz/verdicts")
            return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
                Verdict(text: decoded(line.dropFirst(2)), isJSON: line.first == "+")
            }
        }

        private static func decoded(_ text: Substring) -> [UInt8] {
            var rest = Array(text.utf8)[...]
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    bytes.append(byte)
                    continue
                }
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
            return bytes
        }
    }

    @Test func python() throws {
        let verdicts = try Verdict.all()
        #expect(verdicts.count >= 3000)
        for verdict in verdicts {
            #expect(
                isJSON(verdict.text) == verdict.isJSON,
                "\(String(decoding: verdict.text, as: UTF8.self).debugDescription)")
        }
    }

    /// Foundation's decoder looks only at what it is asked for, and here at nothing but the outline: it takes all that
    /// we take.
    @Test func foundationTakesWhatWeTake() throws {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        for verdict in try Verdict.all() where isJSON(verdict.text) {
            #expect(throws: Never.self, "\(String(decoding: verdict.text, as: UTF8.self).debugDescription)") {
                try JSONDecoder().decode(Anything.self, from: Data(verdict.text))
            }
        }
    }

    /// Foundation's serialization makes every value, and refuses what has none in Swift (lone surrogates, numbers beyond
    /// Double): we take all that it takes, but for two leniencies known by name, a byte order mark and a comma after an
    /// object's last member.
    @Test func weTakeWhatFoundationTakes() throws {
        for verdict in try Verdict.all() {
            let text = String(decoding: verdict.text, as: UTF8.self)
            guard !text.hasPrefix("\u{FEFF}"), !text.contains(/,[ \t\r\n]*}/) else { continue }
            let value = try? JSONSerialization.jsonObject(with: Data(verdict.text), options: .fragmentsAllowed)
            if value != nil { #expect(isJSON(verdict.text), "\(text.debugDescription)") }
        }
    }
}
