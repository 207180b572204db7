/// What one run has shown.
struct Section: Sendable, Encodable {
    /// The measurement and its conditions.
    let title: String
    let findings: [Finding]
    /// What is printed of it; for one of many alike, a line of their table.
    let text: String

    init(title: String, findings: [Finding], text: String? = nil) {
        self.title = title
        self.findings = findings
        self.text = text ?? ([title] + findings.map(\.text)).joined(separator: "\n") + "\n"
    }

    private enum CodingKeys: CodingKey { case title, findings }
}
