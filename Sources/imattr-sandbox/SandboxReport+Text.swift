import UpstreamSandbox

extension SandboxReport {
    /// The report for people, one count a line.
    var text: String {
        """
        calls            \(calls)
        accounts         \(accounts)
        worst second     \(worstSecond) calls
        over the limit   \(overLimit) calls
        refused          \(Self.list(refusals))
        faults           \(Self.list(faults))
        connections      \(connections)
        other requests   \(otherRequests)
        """
    }

    private static func list(_ counts: [some Comparable & Hashable: Int]) -> String {
        counts.isEmpty
            ? "none"
            : counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }
}
