import AttributeValues
import Testing

@testable import UpstreamClient

/// A fault in an entry of an answer stays with that entry: the accounts beside it are answered.
@Suite struct EntryTests {
    private static let call = CallKey(number: 7)

    private static func answer(
        _ entries: [UInt8], errorList: String? = nil, requested: [Account] = ["a", "b", "c"]
    ) throws -> CallAnswer {
        let end = errorList.map { #"],"ErrorList":[\#($0)]}"# } ?? "]}"
        let body = Array(#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserAttrs":["#.utf8) + entries + end.utf8
        let verdict = try GetAttrVerdict(body: body, call, requested: requested, redactor: Redactor(secrets: []))
        guard case .ok(let answer) = verdict else { throw UndocumentedAnswer.isUnusable("FAIL") }
        #expect(verdict.isForTheCall == (answer.unrequested == 0))
        return answer
    }

    private static func attrs(_ answer: CallAnswer) -> [String?] {
        answer.results.map { $0.attrs.map { String(decoding: $0.json, as: UTF8.self) } }
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        let name: String
        let entry: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ entry: String) { self.init(name, bytes: Array(entry.utf8)) }

        init(_ name: String, bytes: [UInt8]) {
            self.name = name
            entry = bytes
        }

        /// An entry of b whose attribute has this content.
        static func content(_ name: String, _ content: [UInt8]) -> Shape {
            Shape(name, bytes: Array(#"{"To_Account":"b","Attrs":{"x":""#.utf8) + content + Array(#""}}"#.utf8))
        }
    }

    /// Entries of b that cannot be used; each name is what is reported of it.
    static let unusable: [Shape] = [
        Shape("it has no Attrs", #"{"To_Account":"b"}"#),
        Shape("it has no Attrs", #"{"To_Account":"b","attrs":{}}"#),
        Shape("its Attrs are not an object", #"{"To_Account":"b","Attrs":null}"#),
        Shape("its Attrs are not an object", #"{"To_Account":"b","Attrs":[]}"#),
        Shape("its Attrs are not an object", #"{"Attrs":"{}","To_Account":"b"}"#),
        Shape("its Attrs are not an object", #"{"To_Account":"b","Attrs":1}"#),
        Shape("Attrs occurs twice in it", #"{"To_Account":"b","Attrs":{},"Attrs":{}}"#),
        Shape("Attrs occurs twice in it", #"{"To_Account":"b","Attrs":{},"Attrs":1}"#),
        Shape("Attrs occurs twice in it", #"{"To_Account":"b","Attrs":null,"\u0041ttrs":{}}"#),
        Shape("there are two", #"{"To_Account":"b","Attrs":{}},{"To_Account":"b","Attrs":{}}"#),
        Shape("there are two", #"{"To_Account":"b","Attrs":{}},{"To_Account":"\u0062","Attrs":{"x":1}}"#),
        Shape("there are two", #"{"To_Account":"b"},{"To_Account":"b","Attrs":{}}"#),
        Shape("there are two", #"{"To_Account":"b","Attrs":{}},{"To_Account":"b"}"#),
        Shape("there are two", #"{"To_Account":"b","Attrs":{}},{"To_Account":"b"},{"To_Account":"b","Attrs":{}}"#),
        .content("invalid UTF-8", [0xFF]),
        .content("invalid UTF-8", Array("张".utf8).dropLast()),
        .content("invalid UTF-8", [0xED, 0xA0, 0x80]),
        .content("unescaped control character", [0x0A]),
        .content("unescaped control character", [0x00]),
        .content("malformed escape", Array(#"\x"#.utf8)),
        .content("malformed escape", Array(#"\u12"#.utf8)),
        .content("malformed escape", Array(#"\q\"}]"#.utf8)),
        .content("lone surrogate", Array(#"\ud800"#.utf8)),
        Shape("invalid UTF-8", bytes: Array(#"{"Attrs":{""#.utf8) + [0xE4, 0xBD] + #"":{}},"To_Account":"b"}"#.utf8),
        Shape("lone surrogate", #"{"To_Account":"b","Attrs":{"x":{"y":["\udc00"]}}}"#),
        Shape(
            "invalid UTF-8", bytes: Array(#"{"To_Account":"b","Attrs":{},"Other":""#.utf8) + [0xC3] + Array(#""}"#.utf8)
        ),
    ]

    @Test(arguments: unusable, [[0, 1, 2], [1, 0, 2], [0, 2, 1]])
    func entryOfAnAccountSpoilsThatAccountOnly(shape: Shape, order: [Int]) throws {
        let entries = [
            Array(#"{"To_Account":"a","Attrs":{"n":"é"}}"#.utf8), shape.entry,
            Array(#"{"To_Account":"c","Attrs":{}}"#.utf8),
        ]
        let answer = try Self.answer(Array(order.map { entries[$0] }.joined(separator: [0x2C])))
        #expect(Self.attrs(answer) == [#"{"n":"é"}"#, nil, "{}"])
        #expect(Array(answer.unusable.keys) == [1])
        let failure = try #require(answer.unusable[1])
        #expect(failure.kind == .unusableEntry)
        #expect(failure.code == CallFailure.unreachable)
        #expect(failure.call == Self.call)
        let prefix = "upstream's entry for the account is not what is documented: "
        #expect(failure.message.hasPrefix(prefix + shape.name))
        #expect(answer.isComplete)
        #expect(answer.unrequested == 0)
    }

    /// Entries that do not say whose they are.
    static let unattributed: [Shape] = [
        Shape("a number", "1"), Shape("null", "null"), Shape("an array", "[]"), Shape("a string", #""b""#),
        Shape("a faulty string", #""\x""#), Shape("empty", "{}"), Shape("no To_Account", #"{"Attrs":{}}"#),
        Shape("a number", #"{"To_Account":1,"Attrs":{}}"#), Shape("null", #"{"To_Account":null,"Attrs":{}}"#),
        Shape("two", #"{"To_Account":"a","To_Account":"b","Attrs":{}}"#),
        Shape("the same twice", #"{"To_Account":"b","To_Account":"b","Attrs":{}}"#),
        Shape("two, one a number", #"{"To_Account":"b","To_Account":1,"Attrs":{}}"#),
        Shape("lone surrogate", #"{"To_Account":"\ud800","Attrs":{}}"#),
        Shape("unknown escape", #"{"To_Account":"b\x","Attrs":{}}"#),
        Shape("control character", "{\"To_Account\":\"b\n\",\"Attrs\":{}}"),
        Shape("invalid UTF-8", bytes: Array(#"{"To_Account":"b"#.utf8) + [0xE4, 0xBD] + Array(#"","Attrs":{}}"#.utf8)),
        Shape("of more than UTF-8", bytes: Array(#"{"Attrs":{},"To_Account":""#.utf8) + [0xFF] + Array(#""}"#.utf8)),
    ]

    @Test(arguments: unattributed, [true, false])
    func entryOfNobodyLeavesTheOthers(shape: Shape, isFirst: Bool) throws {
        let entries = Array(#"{"To_Account":"c","Attrs":{}},{"To_Account":"a","Attrs":{}}"#.utf8)
        let answer = try Self.answer(isFirst ? shape.entry + [0x2C] + entries : entries + [0x2C] + shape.entry)
        #expect(Self.attrs(answer) == ["{}", nil, "{}"])
        #expect(answer.unusable.isEmpty)
        #expect(!answer.isComplete)
        #expect(answer.unrequested == 0)
    }

    @Test func onlyEntriesOfNobodyAreAnAnswer() throws {
        let answer = try Self.answer(Array("{},1".utf8))
        #expect(Self.attrs(answer) == [nil, nil, nil])
        #expect(!answer.isComplete)
    }

    /// Also if its own entry could not be used.
    @Test(arguments: [
        #"{"To_Account":"z","Attrs":{}}"#, #"{"To_Account":"B","Attrs":null}"#,
        #"{"To_Account":"b ","Attrs":{"x":"\x"}}"#,
    ])
    func entryOfAStrangerLeavesTheOthers(entry: String) throws {
        let answer = try Self.answer(Array((#"{"To_Account":"a","Attrs":{}},"# + entry).utf8))
        #expect(Self.attrs(answer) == ["{}", nil, nil])
        #expect(answer.unusable.isEmpty)
        #expect(!answer.isComplete)
        #expect(answer.unrequested == 1)
    }

    @Test func strangersAreToldFromTheAnswerByAnUnusableEntryToo() throws {
        let entries = #"{"To_Account":"z","Attrs":{}},{"To_Account":"z","Attrs":{}},{"To_Account":"b"}"#
        let answer = try Self.answer(Array(entries.utf8))
        #expect(Array(answer.unusable.keys) == [1])
        #expect(answer.unrequested == 2)
    }

    @Test func entryOfErrorListIsAnEntry() throws {
        let answer = try Self.answer([], errorList: #"{"To_Account":"b","ErrorCode":70107}"#)
        #expect(answer.results[1].attrs == nil && answer.results[1].errorListEntry != nil)
        #expect(answer.isComplete)
        let strange = try Self.answer(
            [], errorList: #"{"To_Account":"b","ErrorCode":70107},{"To_Account":"z","ErrorCode":70107}"#)
        #expect(strange.results[1].errorListEntry != nil)
        #expect(!strange.isComplete)
        #expect(strange.unrequested == 1)
    }

    @Test(arguments: [
        "1", "{}", #"{"To_Account":1}"#, #"{"To_Account":"b\x"}"#, #"{"To_Account":"b","To_Account":"b"}"#, #""\x""#,
    ])
    func unreadableEntryOfErrorListIsIgnored(entry: String) throws {
        let answer = try Self.answer([], errorList: entry)
        #expect(!answer.results.hasErrorListEntries)
        #expect(answer.unusable.isEmpty)
        #expect(answer.isComplete)
    }

    /// Its other members are passed on as far as they can be read.
    @Test func faultyTextInErrorListIsLeftOut() throws {
        let answer = try Self.answer([], errorList: #"{"To_Account":"b","ErrorInfo":"\x","ErrorCode":70107}"#)
        let entry = try #require(answer.results[1].errorListEntry)
        #expect(String(decoding: entry, as: UTF8.self) == #"{"To_Account":"b","ErrorCode":70107}"#)
    }

    @Test func refusalWithAStrangerIsAnothersCallsPerhaps() throws {
        func verdict(_ accounts: String...) throws -> GetAttrVerdict {
            let list = accounts.map { #"{"To_Account":"\#($0)","ErrorCode":70107}"# }.joined(separator: ",")
            let body = #"{"ActionStatus":"FAIL","ErrorCode":90003,"ErrorList":[\#(list)]}"#
            return try GetAttrVerdict(
                body: Array(body.utf8), Self.call, requested: ["a", "b"], redactor: Redactor(secrets: []))
        }
        #expect(try verdict("a").isForTheCall)
        #expect(try !verdict("a", "z").isForTheCall)
        #expect(throws: UndocumentedAnswer.self) { try verdict("z") }
    }
}
