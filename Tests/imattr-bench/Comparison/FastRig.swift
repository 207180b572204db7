/// A rig where nothing but the programs themselves takes time: an upstream on this machine, and limits far above what it
/// can do.
enum FastRig {
    /// Calls a second, and so no limit.
    static let rate = 1_000_000

    static func with<Result>(
        daemon arguments: [String] = [], _ body: (Rig) async throws -> Result
    ) async throws -> Result {
        try await Rig.with(
            .none, sandbox: ["--rate-limit", "\(rate)", "--compact"],
            daemon: ["--rate-limit", "\(rate)", "--log-level", "warning"] + arguments, body)
    }
}

/// Requests, each with 1 for its id.
enum Request {
    static let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"# + "\n"

    static let metrics = #"{"jsonrpc":"2.0","id":1,"method":"getMetrics"}"# + "\n"

    static let status = #"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"# + "\n"

    static func getAttrs(_ accounts: [String], maxAgeMs: Int = 0, timeoutMs: Int = 30_000) -> String {
        let names = accounts.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":[\#(names)],"#
            + #""maxAgeMs":\#(maxAgeMs),"timeoutMs":\#(timeoutMs)}}"# + "\n"
    }

    /// The upstream's own call, for a proxy in front of it.
    static func http(_ account: String) -> String {
        let body = #"{"To_Account":["\#(account)"]}"#
        return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
