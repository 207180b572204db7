extension Finding {
    /// How many askings had another end than a right answer, in a run in which nothing has a reason to.
    static func notRight(_ events: [Event]) -> Finding {
        let what = (["lost, wrong or refused"] + events.otherEnds).joined(separator: ", ")
        return Finding(what, events.count - events.right.count, .atMost(0))
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
