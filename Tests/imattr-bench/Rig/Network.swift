/// How far away the sandbox is.
struct Network: Sendable {
    /// Least delay each way, in milliseconds.
    let delay: Int
    /// Mean of the random delay that is added each way, in milliseconds.
    let jitter: Int

    static let none = Network(delay: 0, jitter: 0)
    static let near = Network(delay: 20, jitter: 2)
    static let far = Network(delay: 50, jitter: 20)

    /// There and back, on the average.
    var roundTrip: Duration { .milliseconds(2 * (delay + jitter)) }
    var text: String { "\(delay) + \(jitter) ms each way" }
    var arguments: [String] { ["--delay-ms", "\(delay)", "--jitter-ms", "\(jitter)"] }
}
