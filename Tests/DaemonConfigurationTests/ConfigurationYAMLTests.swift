import Foundation
import Testing

@testable import DaemonConfiguration

@Suite struct ConfigurationYAMLTests {
    private func file(_ text: String) -> YAMLFile { YAMLFile(Array(text.utf8), path: "c.yaml") }

    private func values(_ text: String) -> [String: [String]?] {
        let file = file(text)
        #expect(file.problems.map(\.description) == [])
        return Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, elements($0.entry)) })
    }

    private func elements(_ entry: ConfigurationText.Entry) -> [String]? {
        switch entry.content {
        case .nothing: nil
        case .scalar(let text): [text]
        case .list(let elements): elements
        case .maps(let maps): maps.flatMap { $0.members.map { "\($0.name)=\($0.entry.text)" } }
        }
    }

    @Test(arguments: ["", "\n", "# comment", "---\n# comment\n", "--- {}\n...\n", "{}"])
    func fileWithoutKeysIsEmpty(text: String) {
        #expect(values(text).isEmpty)
    }

    @Test func scalarsAreText() {
        let text = """
            # comment
            a: 100 # the usual
            b: 1_000
            c: "q\\u00e9 # no comment"
            d: 'it''s'
            e: yes
            f:
            g: ~
            "h": [x, "y", 3]
            i:
              - one
              - two
            j: []
            """
        #expect(
            values(text) == [
                "a": ["100"], "b": ["1_000"], "c": ["qé # no comment"], "d": ["it's"], "e": ["yes"], "f": nil,
                "g": nil,
                "h": ["x", "y", "3"], "i": ["one", "two"], "j": [],
            ])
    }

    @Test func jsonIsYAML() {
        #expect(
            values(#"{"sdkAppId": 1400000001, "allow": ["uid:1", "gid:2"], "admin": "a"}"#)
                == ["sdkAppId": ["1400000001"], "allow": ["uid:1", "gid:2"], "admin": ["a"]])
    }

    @Test func linesAreTold() {
        let entries = file("\n# c\na: 1\n\nb: 2\n").entries
        #expect(entries.map(\.entry.origin) == [.file("c.yaml", line: 3), .file("c.yaml", line: 5)])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "a (c.yaml:3): is given twice"),
        ("a: {b: 1}", "a (c.yaml:1): must be a value or a list of values"),
        ("a: [[1]]", "a (c.yaml:1): must be a list of plain values, or one of mappings"),
        ("a: [{b: 1}, 2]", "a (c.yaml:1): must be a list of plain values, or one of mappings"),
        ("a: [1, {b: 1}]", "a (c.yaml:1): must be a list of plain values, or one of mappings"),
        ("a: [{b: {c: 1}}]", "a[0].b (c.yaml:1): must be a value or a list of values"),
        ("a:\n- b: [{c: 1}]", "a[0].b (c.yaml:2): must be a value or a list of plain values"),
        ("[a]", "c.yaml (c.yaml:1): must be a mapping of keys to values"),
        ("a", "c.yaml (c.yaml:1): must be a mapping of keys to values"),
        ("{[a]: 1}", "c.yaml (c.yaml:1): a key must be a word"),
        ("a: &x 1\nb: *x", "c.yaml (c.yaml:1): must do without anchors and aliases"),
        ("a: 1\nb: *x", "c.yaml (c.yaml:2): must do without anchors and aliases"),
        ("a: &x [1]", "c.yaml (c.yaml:1): must do without anchors and aliases"),
        ("&x {a: 1}", "c.yaml (c.yaml:1): must do without anchors and aliases"),
        ("a: 1\n---\nb: 2\n", "c.yaml (c.yaml:2): must hold one YAML document"),
        ("---\n---\nb: 2\n", "c.yaml (c.yaml:2): must hold one YAML document"),
    ])
    func whatIsNotFlatIsAProblem(text: String, problem: String) {
        #expect(file(text).problems.map(\.description) == [problem])
    }

    @Test(arguments: [
        ("a: 1\nb: \"x\n", 3), ("a: 1\n b: 2\n", 2), ("a: 1\n\tb: 2\n", 2), ("a: [1\nb: 2", 2), ("a: 1\n}", 2),
    ])
    func invalidYAMLHasItsLine(text: String, line: Int) {
        let problems = file(text).problems.map(\.description)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("c.yaml (c.yaml:\(line)): is not YAML: ") == true)
    }

    @Test(arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE, 0x61, 0x00], [0x00], [0x1B]] as [[UInt8]])
    func undecodableBytesHaveTheirLine(bytes: [UInt8]) {
        let problems = YAMLFile(Array("a: 1\nb: ".utf8) + bytes + Array("\n".utf8), path: "c.yaml").problems
        #expect(problems.count == 1)
        #expect(problems.first?.description.hasPrefix("c.yaml (c.yaml:2): is not YAML: ") == true)
    }

    @Test func byteOrderMarkOfUTF8IsSkipped() {
        #expect(values("\u{FEFF}a: 1\n") == ["a": ["1"]])
        #expect(values("\u{FEFF}# comment\n---\na: 1\n") == ["a": ["1"]])
        #expect(values("\u{FEFF}").isEmpty)
        #expect(values("\u{FEFF}{\"a\": 1}") == ["a": ["1"]])
    }

    @Test(arguments: [String.Encoding.utf16, .utf16BigEndian, .utf16LittleEndian, .utf32, .utf32BigEndian])
    func otherEncodingsAreNamed(encoding: String.Encoding) throws {
        let bytes = Array(try #require("a: 1\n".data(using: encoding)))
        let problem = try #require(YAMLFile(bytes, path: "c.yaml").problems.first?.description)
        #expect(problem.hasPrefix("c.yaml: is in UTF-") && problem.hasSuffix("; save it as UTF-8"))
    }

    @Test func filesAreReadFromDisk() throws {
        let folder = try ConfigurationFolder()
        let path = try folder.write("a: 1".utf8, to: "a.yaml")
        #expect(YAMLFile.read(path)?.entries.count == 1)
        #expect(YAMLFile.read(folder.path + "/none.yaml") == nil)
        #expect(
            YAMLFile.read(folder.path)?.problems.first?.description
                == "\(folder.path): cannot be read: it is no regular file")
        let large = try folder.write([UInt8](repeating: 0x23, count: YAMLFile.maximumSize + 1), to: "large.yaml")
        #expect(YAMLFile.read(large)?.problems.first?.description == "\(large): is larger than 1048576 bytes")
    }

    @Test func hostileTextsEnd() {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000),
            String(repeating: "a", count: 1 << 20),
        ] {
            #expect(file(text).problems.count == 1)
        }
    }
}
