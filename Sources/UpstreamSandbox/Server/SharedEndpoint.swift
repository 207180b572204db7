import NIOConcurrencyHelpers

/// The endpoint as the connections and the tests share it.
final class SharedEndpoint: Sendable {
    // Not a Mutex of Synchronization: the thread sanitizer does not know that one, and reports what it guards as a data race.
    private let endpoint: NIOLockedValueBox<Endpoint>

    init(_ configuration: SandboxConfiguration) {
        endpoint = NIOLockedValueBox(Endpoint(configuration))
    }

    func withLock<Result: Sendable>(_ body: (inout Endpoint) -> Result) -> Result {
        endpoint.withLockedValue { endpoint in body(&endpoint) }
    }
}
