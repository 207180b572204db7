import AttributeValues
import JSONRPC
import JSONTokens
import Testing

@testable import AttributeAPI

@Suite struct GetAttrsResultTests {
    private func json(_ answers: KeyValuePairs<Account, AccountResult>) -> String {
        String(decoding: GetAttrs.Result.json(answers.map(\.key), AccountResults(answers.map(\.value))), as: UTF8.self)
    }

    private func attrs(_ json: String) -> Attrs { Attrs(json: Array(json.utf8)) }

    @Test func nothingAskedForGivesEmptyLists() {
        #expect(json([:]) == #"{"UserAttrs":[],"missing":[]}"#)
    }

    @Test func orderIsThatOfTheRequest() {
        let result = json([
            "b": AccountResult(attrs: attrs(#"{"z":1.0,"a":"\/"}"#)),
            "x": .missing,
            "a": AccountResult(attrs: attrs("{}")),
            "w": .missing,
        ])
        #expect(
            result
                == #"{"UserAttrs":[{"To_Account":"b","Attrs":{"z":1.0,"a":"\/"}},{"To_Account":"a","Attrs":{}}],"missing":["x","w"]}"#
        )
    }

    @Test func errorListIsPassedOn() {
        let entry = #"{"To_Account":"x","ErrorCode":70107,"ErrorInfo":"no"}"#
        let result = json([
            "a": AccountResult(attrs: attrs("{}")),
            "x": AccountResult(errorListEntry: Array(entry.utf8)),
        ])
        #expect(result == #"{"UserAttrs":[{"To_Account":"a","Attrs":{}}],"missing":["x"],"ErrorList":[\#(entry)]}"#)
    }

    @Test func failedAccountsAreNeitherAnsweredNorMissing() {
        var refused = ErrorObject(code: 90001, message: "refused \u{2028}", source: .upstream)
        (refused.errorInfo, refused.callID, refused.attempts, refused.fetched) = ("a \"word\"", "x-1", 2, 3)
        var late = ErrorObject(.deadlineExceeded, "late")
        late.retryAfterMs = 7
        let result = GetAttrs.Result.json(
            ["b", "a\u{2028}", "c", "d"],
            AccountResults([.missing, .missing, AccountResult(attrs: attrs("{}")), .missing]),
            failed: [(index: 0, error: refused), (index: 1, error: late)])
        #expect(
            String(decoding: result, as: UTF8.self)
                == #"{"UserAttrs":[{"To_Account":"c","Attrs":{}}],"missing":["d"],"failed":["#
                + #"{"To_Account":"b","code":90001,"message":"refused \u2028","retryable":false,"#
                + #""ErrorInfo":"a \"word\"","callId":"x-1"},"#
                + #"{"To_Account":"a\u2028","code":-32001,"message":"late","retryable":true,"retryAfterMs":7}]}"#)
    }

    @Test func aPartialResultAlwaysSaysWhatFailed() {
        let result = GetAttrs.Result.json(["a"], AccountResults([.missing]), failed: [])
        #expect(String(decoding: result, as: UTF8.self) == #"{"UserAttrs":[],"missing":["a"],"failed":[]}"#)
    }

    /// Many languages end lines at these characters.
    @Test func lineSeparatorsInAccountsAreEscaped() {
        let account = Account("a\u{85}\u{2028}\u{2029}\n\"\\\u{1}é")
        let text = #""a\u0085\u2028\u2029\n\"\\\u0001é""#
        #expect(
            json([account: .missing])
                == #"{"UserAttrs":[],"missing":[\#(text)]}"#)
        let entry = #"{"UserAttrs":[{"To_Account":\#(text),"Attrs":{}}],"missing":[]}"#
        #expect(json([account: AccountResult(attrs: attrs("{}"))]) == entry)
    }

    /// Whatever accounts are called, and whatever became of them.
    @Test(arguments: ["a", "李", String(repeating: "\u{1}", count: 250)], [0, 1, 2, 100])
    func allHasRoom(name: String, count: Int) {
        let accounts = (0..<count).map { Account("\(name)\($0)") }
        let entry = Array(#"{"ErrorCode":1}"#.utf8)
        for kinds in [[0], [1], [2], [0, 1, 2]] {
            let results = accounts.indices.map { index -> AccountResult in
                switch kinds[index % kinds.count] {
                case 0: AccountResult(attrs: attrs(#"{"account":"\#(index)"}"#))
                case 1: .missing
                default: AccountResult(errorListEntry: entry)
                }
            }
            #expect(GetAttrs.Result.json(accounts, AccountResults(results)) == written(accounts, results))
        }
    }

    /// The same by the general writer.
    private func written(_ accounts: [Account], _ results: [AccountResult]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("UserAttrs")
            json.array { json in
                for (account, result) in zip(accounts, results) {
                    guard let attrs = result.attrs else { continue }
                    json.object { json in
                        json.key("To_Account")
                        json.string(account.text)
                        json.key("Attrs")
                        json.raw(attrs.json)
                    }
                }
            }
            json.key("missing")
            json.array { json in
                for (account, result) in zip(accounts, results) where result.attrs == nil { json.string(account.text) }
            }
            let entries = results.compactMap(\.errorListEntry)
            guard !entries.isEmpty else { return }
            json.key("ErrorList")
            json.array { json in for entry in entries { json.raw(entry) } }
        }
        return json.bytes
    }
}
