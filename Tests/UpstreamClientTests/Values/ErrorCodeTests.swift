import AttributeValues
import Testing

@testable import UpstreamClient

/// The vendor's public error codes, each with what is to be done about it.
@Suite struct ErrorCodeTests {
    static let table: [CallFailure.Kind: [Int]] = [
        .temporary: [
            60008, 60013, 60014, 70169, 70201, 70202, 70203, 70348, 70362, 70401, 70500, 90992, 90994, 90995, 91000,
            20004,
            20005,
        ],
        .tooFrequent: [60007, 60011, 60018, 60019],
        .signatureExpired: [70001, 70052, 70347, 20002, 60004, 60005],
        .signatureRefusedTooOften: [70050],
        .credential: [
            60006, 60010, 60016, 60017, 60020, 60021, 60025, 60026, 60027, 60028, 70002, 70003, 70004, 70005, 70006,
            70007,
            70008, 70009, 70010, 70013, 70014, 70015, 70016, 70020, 70051, 70346, 70403, 90045,
        ],
        .account: [60015, 70107, 70402, 90001, 90003, 90012, 90028, 90029, 90048],
        .tooManyAccounts: [90018],
    ]

    /// Every code there can be within the vendor's ranges, so that none is in two kinds or in one by mistake.
    @Test func everyCodeHasItsKind() {
        var kinds: [Int: CallFailure.Kind] = [:]
        for (kind, codes) in Self.table {
            for code in codes { #expect(kinds.updateValue(kind, forKey: code) == nil) }
        }
        for code in [Int.min, -1, 1, Int.max] + Array(10_000..<100_000) {
            let expected = kinds[code] ?? .unknownCode
            if ErrorCode.kind(of: code) != expected { Issue.record("\(code) is not \(expected)") }
        }
    }

    @Test func everyCodeHasAMeaning() {
        for code in Self.table.values.joined() { #expect(!ErrorCode.meaning(of: code).isEmpty) }
        #expect(ErrorCode.meaning(of: 70009) == "the UserSig was made with another app's secret key")
        #expect(ErrorCode.meaning(of: 12345) == "upstream refused the call")
    }
}
