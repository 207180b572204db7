import AttributeValues
import JSONTokens
import Testing

@testable import UpstreamClient

@Suite struct GetAttrVerdictTests {
    private static let redactor = Redactor(secrets: [])
    private static let call = CallKey(number: 7)

    private static func read(_ json: String, requested: [Account] = ["a", "b"]) throws -> GetAttrVerdict {
        try GetAttrVerdict(body: Array(json.utf8), call, requested: requested, redactor: redactor)
    }

    /// An answer by account.
    private struct Named {
        let attrs: [Account: Attrs]
        let errorList: [Account: [UInt8]]
        let unrequested: Int
    }

    private static func answer(_ json: String, requested: [Account] = ["a", "b"]) throws -> Named {
        guard case .ok(let answer) = try read(json, requested: requested) else {
            throw UndocumentedAnswer.isUnusable("FAIL")
        }
        func named<Value>(_ values: [Value?]) -> [Account: Value] {
            Dictionary(
                uniqueKeysWithValues: zip(requested, values).compactMap { name, value in value.map { (name, $0) } })
        }
        return Named(
            attrs: named(answer.results.map(\.attrs)), errorList: named(answer.results.map(\.errorListEntry)),
            unrequested: answer.unrequested)
    }

    /// An `OK` with these entries of `UserAttrs`.
    private static func ok(_ entries: String) -> String {
        #"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserAttrs":[\#(entries)]}"#
    }

    /// One condition of an answer that is not as documented, each.
    @Test(arguments: [
        "", " ", "null", "[]", "\"OK\"", "1", "{", "{}{}", "{} x", "\u{FEFF}{}",
        #"{"ActionStatus":"OK","UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","ErrorCode":"0","UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","ErrorCode":0.0,"UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","ErrorCode":0e0,"UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","ErrorCode":null,"UserAttrs":[]}"#,
        #"{"ActionStatus":"FAIL","ErrorCode":99999999999999999999}"#,
        #"{"ErrorCode":0,"UserAttrs":[]}"#,
        #"{"ActionStatus":null,"ErrorCode":0,"UserAttrs":[]}"#,
        #"{"ActionStatus":"ok","ErrorCode":0,"UserAttrs":[]}"#,
        "{\"ActionStatus\":\"O\u{212A}\",\"ErrorCode\":0,\"UserAttrs\":[]}",
        #"{"ActionStatus":"OK","ErrorCode":1,"UserAttrs":[]}"#,
        #"{"ActionStatus":"FAIL","ErrorCode":0,"UserAttrs":[]}"#,
        #"{"ActionStatus":"DONE","ErrorCode":1}"#,
        #"{"ActionStatus":"OK","ErrorCode":0}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":null}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":{}}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"ErrorList":null}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[],"UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"ErrorCode":0,"UserAttrs":[]}"#,
        #"{"ActionStatus":"OK","Error\u0043ode":0,"ErrorCode":0,"UserAttrs":[]}"#,
        // Structure, inside an entry too.
        ok(#"{"To_Account":"a","Attrs":{"x":01}}"#), ok(#"{"To_Account":"a","Attrs":{"x":007}}"#),
        ok(#"{"To_Account":"a","Attrs":{"x":NaN}}"#), ok(#"{"To_Account":"a","Attrs":{"x":nul}}"#),
        ok(#"{"To_Account":"a","Attrs":{"x" 1}}"#), ok(#"{"To_Account":"a","Attrs":{"x":1,}}"#),
        ok(#"{"To_Account":"a","Attrs":{"x":[1}}}"#),
        ok(#"{"To_Account":"a","Attrs":{}}{"To_Account":"b","Attrs":{}}"#),
        ok(#"{"To_Account":"a","Attrs":{"x":"\"}}"#), ok(#"{"To_Account":"a,"Attrs":{}}"#),
        // Only strangers' entries.
        ok(#"{"To_Account":"z","Attrs":{}}"#), ok(#"{"To_Account":"z","Attrs":{}},{"To_Account":"z","Attrs":{}}"#),
        ok(#"{"To_Account":"A","Attrs":{}},{"Attrs":{}}"#),
        #"{"ActionStatus":"OK","ErrorCode":0,"ErrorList":[{"To_Account":"z","ErrorCode":70107}]}"#,
        #"{"ActionStatus":"FAIL","ErrorCode":90003,"ErrorList":[{"To_Account":"z","ErrorCode":70107}]}"#,
        // Faulty strings outside of any entry.
        #"{"ActionStatus":"FAIL","ErrorCode":1,"ErrorInfo":"\ud800"}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[],"\x":1}"#,
        #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[],"x":["\x"]}"#,
    ])
    func undocumentedAnswerIsRefused(json: String) {
        #expect(throws: UndocumentedAnswer.self) { try Self.read(json) }
    }

    @Test func attrsMayBeAsDeepAsOurOwnAnswerCanBe() throws {
        // Three levels stand around Attrs in a body.
        func nested(_ levels: Int) -> String {
            let inner = String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1)
            return Self.ok(#"{"To_Account":"a","Attrs":{"x":\#(inner.isEmpty ? "1" : inner)}}"#)
        }
        #expect(try Self.answer(nested(GetAttrVerdict.depthLimit - 3)).attrs.count == 1)
        #expect(throws: UndocumentedAnswer.self) { try Self.read(nested(GetAttrVerdict.depthLimit - 2)) }
    }

    @Test func invalidUTF8IsRefused() {
        let body = Array(#"{"ActionStatus":"FAIL","ErrorCode":1,"ErrorInfo":""#.utf8) + [0xC3] + Array(#""}"#.utf8)
        #expect(throws: UndocumentedAnswer.self) {
            try GetAttrVerdict(body: body, Self.call, requested: [], redactor: Self.redactor)
        }
    }

    @Test func otherMembersAreIgnored() throws {
        let json = #"""
            {"x":{"To_Account":"a"},"x":[1],"ActionStatus":"OK","ErrorInfo":7,"ErrorCode":-0,"RequestId":"1",
            "UserAttrs":[{"y":1,"y":2,"To_Account":"a","ErrorCode":"?","Attrs":{"k":1,"k":2}}]}
            """#
        #expect(try Self.answer(json).attrs == ["a": Attrs(json: Array(#"{"k":1,"k":2}"#.utf8))])
    }

    @Test func attrsKeepTheirTokens() throws {
        let attrs =
            "{ \"z\" : 1.50E+2 ,\n\t\"a\":\"\\u0041\\/ \u{2028}\", \"z\":[ null , {} ], \"n\":12345678901234567890123 }"
        let expected = "{\"z\":1.50E+2,\"a\":\"\\u0041\\/ \\u2028\",\"z\":[null,{}],\"n\":12345678901234567890123}"
        let answer = try Self.answer(Self.ok("{\"Attrs\":\(attrs),\"To_Account\":\"a\"}"))
        #expect(answer.attrs["a"]?.json == Array(expected.utf8))
    }

    /// `String` calls these two names equal.
    @Test func accountsAreTheirBytes() throws {
        let json = Self.ok(
            "{\"To_Account\":\"\u{E9}\",\"Attrs\":{\"n\":1}},{\"To_Account\":\"e\\u0301\",\"Attrs\":{\"n\":2}}")
        let both = try Self.answer(json, requested: ["\u{E9}", "e\u{301}"])
        #expect(both.attrs["\u{E9}"]?.json == Array(#"{"n":1}"#.utf8))
        #expect(both.attrs["e\u{301}"]?.json == Array(#"{"n":2}"#.utf8))
        let one = try Self.answer(json, requested: ["\u{E9}"])
        #expect(one.attrs.count == 1)
        #expect(one.unrequested == 1)
    }

    /// Whatever the order of the entries and however the names are written, each account gets what is its own.
    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3], [2, 0], [1, 0, 3, 2]])
    func entriesMayComeInAnyOrder(order: [Int]) throws {
        let requested: [Account] = ["a", "b/c", "c\"", "d"]
        let written = ["a", #"b\/c"#, #"c\""#, #"\u0064"#]
        let entries = order.map { #"{"To_Account":"\#(written[$0])","Attrs":{"n":\#($0)}}"# }
        let strangers = #"{"To_Account":"x","Attrs":{}}"#
        for list in [entries, [strangers] + entries, entries + [strangers]] {
            let answer = try Self.answer(Self.ok(list.joined(separator: ",")), requested: requested)
            let expected = order.map { (requested[$0], Attrs(json: Array(#"{"n":\#($0)}"#.utf8))) }
            #expect(answer.attrs == Dictionary(uniqueKeysWithValues: expected))
            #expect(answer.unrequested == list.count - order.count)
        }
    }

    @Test func errorListMayStandAlone() throws {
        for userAttrs in ["", #""UserAttrs":null,"#, #""UserAttrs":[],"#] {
            let json = #"""
                {"ActionStatus":"OK","ErrorCode":0,\#(userAttrs)"ErrorList":[ { "ErrorInfo" : "gone", "To_Account":"a",
                "ErrorCode":70107,"ErrorCodes":[]}, {"To_Account":"stranger","ErrorCode":1}, 5, {"ErrorCode":1} ]}
                """#
            let answer = try Self.answer(json)
            #expect(answer.attrs.isEmpty)
            let entry = #"{"To_Account":"a","ErrorCode":70107,"ErrorInfo":"gone"}"#
            #expect(answer.errorList == ["a": Array(entry.utf8)])
            #expect(answer.unrequested == 1)
        }
    }

    @Test func failHasCodeAndWords() throws {
        guard
            case .fail(let code, let info, _) = try Self.read(
                #"{"ErrorInfo":"b\u00e4d","ErrorCode":70003,"ActionStatus":"FAIL"}"#)
        else { throw UndocumentedAnswer.isUnusable("OK") }
        #expect(code == 70003)
        #expect(info == "bäd")
    }

    /// The rest of a refusal is of no interest.
    @Test func failMayHaveAnyUserAttrs() throws {
        guard
            case .fail(let code, let info, _) = try Self.read(
                #"{"ErrorCode":-5,"ActionStatus":"FAIL","UserAttrs":[1]}"#)
        else { throw UndocumentedAnswer.isUnusable("OK") }
        #expect(code == -5)
        #expect(info == nil)
    }

    /// Mutated answers are read or refused, and never anything else.
    @Test func mutatedAnswersNeverCrash() {
        var random = SplitMix64(state: 20_240_229)
        let seed = Array(
            #"""
            {"ActionStatus":"OK","ErrorInfo":"\u00e9\ud83d\ude00","ErrorCode":0,"UserAttrs":[{"To_Account":"a","Attrs":
            {"x":-1.5e+3,"y":[true,null,{}]}},{"To_Account":"b","Attrs":{}}],"ErrorList":[{"To_Account":"b","ErrorCode":70107}]}
            """#.utf8)
        var understood = 0
        for _ in 0..<20_000 {
            var body = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) { random.mutate(&body) }
            let verdict = try? GetAttrVerdict(
                body: body, Self.call, requested: ["a", "b"], redactor: Self.redactor)
            guard let verdict else { continue }
            understood += 1
            guard case .ok(let answer) = verdict else { continue }
            // Whatever was wrong around them, attributes are JSON.
            for attrs in answer.results.compactMap(\.attrs) {
                var reader = JSONReader(attrs.json)
                #expect((try? reader.skipValue()) != nil && (try? reader.finish()) != nil)
            }
            #expect(answer.unusable.keys.allSatisfy { answer.results[$0].attrs == nil })
        }
        // Both ways were taken.
        #expect((100..<19_900).contains(understood))
    }
}
