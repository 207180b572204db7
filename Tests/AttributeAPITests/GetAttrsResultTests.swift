import AttributeValues
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
}
