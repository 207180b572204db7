/// A running server whose cost is compared.
protocol Contestant: Sendable {
    var socketPath: String { get }
    var wire: Wire { get }
    /// What it has used of the processors since it was started.
    func processorTime() throws -> Duration
}
