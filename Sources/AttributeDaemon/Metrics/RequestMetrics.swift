import AttributeAPI
import JSONRPC
import NIOCore

/// What has been asked and answered so far.
struct RequestMetrics {
    /// Requests that have come, by ``MethodName/index``; the last one counts unknown methods.
    private var received = [Int](repeating: 0, count: MethodName.allCases.count + 1)
    private var outcomes = [OutcomeCounts](repeating: .init(), count: MethodName.allCases.count + 1)
    /// Notifications that have come.
    private(set) var notifications = 0
    /// Accounts in `getAttrs` requests that were taken, repetitions not included.
    private(set) var requestedAccounts = 0
    /// Seconds that those took.
    private(set) var durations = Histogram(bounds: Histogram.seconds)

    private static func index(_ method: MethodName?) -> Int { method?.index ?? MethodName.allCases.count }

    mutating func countReceived(_ method: MethodName?) { received[Self.index(method)] += 1 }

    mutating func countNotification() { notifications += 1 }

    mutating func countRequested(accounts: Int) { requestedAccounts += accounts }

    mutating func countEnd(of method: MethodName?, _ outcome: Response.Outcome) {
        outcomes[Self.index(method)].count(outcome)
    }

    mutating func countWithdrawn(_ method: MethodName) { outcomes[Self.index(method)].countWithdrawn() }

    mutating func add(duration: TimeAmount) { durations.add(Double(duration.nanoseconds) / 1e9) }

    /// Requests that have come, by method, in the methods' order, and at last those for methods that there are not.
    var receivedByMethod: [(name: String, count: Int)] { Self.names.indices.map { (Self.names[$0], received[$0]) } }

    /// How they ended, in the same order.
    var outcomesByMethod: [(name: String, outcomes: OutcomeCounts)] {
        Self.names.indices.map { (Self.names[$0], outcomes[$0]) }
    }

    private static let names = MethodName.allCases.map(\.rawValue) + ["unknown"]
}
