import Foundation
import Testing

@testable import imattr_bench

struct FindingTests {
    @Test func aTargetIsMetAtItsBound() {
        #expect(Finding("", 97.5, "%", .atLeast(97.5)).isMet)
        #expect(!Finding("", 97.4, "%", .atLeast(97.5)).isMet)
        #expect(Finding("", 8, .atMost(8)).isMet)
        #expect(!Finding("", 9, .atMost(8)).isMet)
    }

    @Test func whatNeverWasOrIsNoNumberMeetsNoTarget() {
        #expect(!Finding("", nil as Duration?, .atMost(1e9)).isMet)
        #expect(!Finding("", .nan, "", .atMost(1)).isMet)
        #expect(!Finding("", .nan, "", .atLeast(1)).isMet)
        #expect(Finding("", nil as Duration?).isMet)
    }

    @Test(arguments: [
        (97.456, 2, "97.46"), (0.004, 2, "0.00"), (-0.5, 1, "-0.5"), (12.0, 0, "12"), (0.9999, 3, "1.000"),
        (.infinity, 1, "never"), (.nan, 1, "never"),
    ])
    func numbersAreRounded(value: Double, decimals: Int, text: String) {
        #expect(Finding.number(value, decimals) == text)
    }

    @Test func aLineSaysWhatWasMeasuredAndWhatShouldBe() {
        let missed = Finding("extra calls", 59, .atMost(8)).text
        #expect(missed.split(separator: " ") == ["extra", "calls", "59", "≤", "8", "MISSED"])
        let shown = Finding("wait, p50", .milliseconds(48)).text
        #expect(shown.split(separator: " ") == ["wait,", "p50", "48.0", "ms"])
        let never = Finding("wait, p50", nil as Duration?).text
        #expect(never.split(separator: " ") == ["wait,", "p50", "never"])
    }

    @Test func jsonHasNoInfinity() throws {
        let data = try JSONEncoder().encode(Finding("wait", nil as Duration?, .atMost(104)))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["value"] is NSNull)
        #expect(object["atMost"] as? Double == 104)
        #expect(object["met"] as? Bool == false)
    }
}
