import JSONRPC

/// Counts how things ended. Upstream may send any code, so only so many are distinguished.
struct OutcomeCounts: Sendable {
    /// Ended well.
    private(set) var ok = 0
    /// Taken back before the end.
    private(set) var withdrawn = 0
    private(set) var byCode: [Int: Int] = [:]
    /// Ended with a code for which there was no room.
    private(set) var other = 0

    /// Codes that are distinguished.
    static let maximumCodes = 64

    mutating func countOK() { ok += 1 }

    mutating func countWithdrawn() { withdrawn += 1 }

    mutating func count(code: Int) {
        if byCode[code] == nil, byCode.count >= Self.maximumCodes {
            other += 1
        } else {
            byCode[code, default: 0] += 1
        }
    }

    mutating func count(_ outcome: Response.Outcome) {
        switch outcome {
        case .result: countOK()
        case .error(let error): count(code: error.code)
        }
    }

    /// `ok`, and each other outcome that has occurred: `withdrawn`, a code, or `other`.
    var named: [(name: String, count: Int)] {
        let codes = byCode.sorted { $0.key < $1.key }.map { (name: String($0.key), count: $0.value) }
        return [("ok", ok)] + ([("withdrawn", withdrawn)] + codes + [("other", other)]).filter { $0.count > 0 }
    }
}
