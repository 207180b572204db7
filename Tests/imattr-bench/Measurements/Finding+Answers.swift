extension Finding {
    /// How many askings had another end than a right answer, in a run in which nothing has a reason to.
    static func notRight(_ events: [Event]) -> Finding {
        let refusals = events.refusals.sorted { $0.key < $1.key }.map { ", \($0.value) × \($0.key)" }.joined()
        let wrong = events.wrong.isEmpty ? "" : ", \(events.wrong.count) wrong"
        return Finding("lost, wrong or refused\(wrong)\(refusals)", events.count - events.right.count, .atMost(0))
    }

    /// Answers that are not the right ones, where refusals are to be expected.
    static func wrong(_ events: [Event]) -> Finding {
        Finding("wrong answers", events.wrong.count, .atMost(0))
    }

    /// What the sandbox counts beyond the limit.
    static func overLimit(_ report: SandboxReport, rate: Int) -> [Finding] {
        [
            Finding("calls over the limit (60007)", report.overLimit, .atMost(0)),
            Finding("worst second at the sandbox, calls", report.worstSecond, .atMost(Double(rate))),
        ]
    }
}
