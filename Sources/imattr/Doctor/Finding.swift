import JSONTokens

/// What one step of `imattr doctor` has found.
struct Finding {
    /// The steps, in their order.
    enum Step: String, CaseIterable {
        case socket, permission, daemon, state, rights, call
    }

    /// How a step ended.
    enum Verdict {
        case ok
        /// Works, but an administrator should know.
        case warning(advice: String)
        case failed(ExitStatus, advice: String)
        /// Not tried, since a step before it failed.
        case notTried
    }

    let step: Step
    let verdict: Verdict
    /// What was seen.
    let seen: String

    init(_ step: Step, _ verdict: Verdict, _ seen: String) {
        self.step = step
        self.verdict = verdict
        self.seen = seen
    }
}

extension Finding.Verdict {
    var isFailure: Bool { status != nil }

    var status: ExitStatus? {
        if case .failed(let status, _) = self { status } else { nil }
    }

    var advice: String? {
        switch self {
        case .warning(let advice), .failed(_, let advice): advice
        case .ok, .notTried: nil
        }
    }

    /// The word for a person and a script.
    var word: String {
        switch self {
        case .ok: "ok"
        case .warning: "warning"
        case .failed: "failed"
        case .notTried: "not tried"
        }
    }

    fileprivate func painted(_ style: Style, _ text: String) -> String {
        switch self {
        case .ok: style.paint(text, .green)
        case .warning: style.paint(text, .yellow)
        case .failed: style.paint(text, .red)
        case .notTried: text
        }
    }
}

extension Finding {
    /// The finding for a person: what was seen, and below it what to do.
    func lines(_ style: Style) -> [String] {
        let head =
            verdict.painted(style, TerminalText.pad(verdict.word, to: 11)) + TerminalText.pad(step.rawValue, to: 12)
        let advice = verdict.advice.map { ["\(String(repeating: " ", count: 23))\(TerminalText.escape($0))"] } ?? []
        return [head + TerminalText.escape(seen)] + advice
    }

    /// `[{"step":…,"verdict":…,"seen":…,"advice":…},…]`; `advice` where there is one.
    static func json(_ findings: [Finding]) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.array { json in
            for finding in findings {
                json.object { json in
                    json.key("step")
                    json.string(finding.step.rawValue)
                    json.key("verdict")
                    json.string(finding.verdict.word)
                    json.key("seen")
                    json.string(finding.seen)
                    if let advice = finding.verdict.advice {
                        json.key("advice")
                        json.string(advice)
                    }
                }
            }
        }
        return json.bytes
    }
}
