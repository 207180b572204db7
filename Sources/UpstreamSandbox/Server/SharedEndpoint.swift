import Synchronization

/// The endpoint as the connections and the tests share it.
final class SharedEndpoint: Sendable {
    private let endpoint: Mutex<Endpoint>

    init(_ configuration: SandboxConfiguration) {
        endpoint = Mutex(Endpoint(configuration))
    }

    func withLock<Result: Sendable>(_ body: (inout Endpoint) -> sending Result) -> Result {
        endpoint.withLock { endpoint in body(&endpoint) }
    }
}
