/// What one run has shown.
struct Section: Sendable, Encodable {
    /// The measurement and its conditions.
    let title: String
    let findings: [Finding]

    var text: String { ([title] + findings.map(\.text)).joined(separator: "\n") + "\n" }
}
