import Glibc
import UpstreamSandbox
import UserSig

/// A call with everything right, for tests to change.
struct TestCall: Sendable {
    var method = "POST"
    var path = "/v4/all_member_push/im_get_attr"
    var parameters: [(name: String, value: String)]
    var body: String
    var headers = ""

    init(_ accounts: [String] = ["abc"]) {
        self.init(body: #"{"To_Account":["\#(accounts.joined(separator: #"",""#))"]}"#)
    }

    init(body: String) {
        let defaults = SandboxConfiguration()
        self.body = body
        parameters = [
            ("usersig", Self.userSig()), ("identifier", defaults.administrator), ("sdkappid", "\(defaults.sdkAppID)"),
            ("random", "4294967295"), ("contenttype", "json"),
        ]
    }

    static func userSig(
        app: UInt64 = SandboxConfiguration().sdkAppID, identifier: String = SandboxConfiguration().administrator,
        key: String = SandboxConfiguration.madeUpSecretKey, age: Int = 0
    ) -> String {
        UserSigSigner(sdkAppID: app, key: SecretKey(key))
            .sign(identifier: identifier, issuedAt: Int64(time(nil) - age), validFor: 3600).text
    }

    /// The call with one parameter changed, or without it.
    func with(_ name: String, _ value: String?) -> TestCall {
        var call = self
        call.parameters.removeAll { $0.name == name }
        if let value { call.parameters.append((name, value)) }
        return call
    }

    var query: String { parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&") }

    /// The call as it goes over the wire.
    var text: String {
        "\(method) \(path)?\(query) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }
}

/// Runs `body` with a sandbox that is shut down afterwards, whatever happens.
func withSandbox<Result>(
    _ change: (inout SandboxConfiguration) -> Void = { _ in }, _ body: (SandboxServer) async throws -> Result
) async throws -> Result {
    var configuration = SandboxConfiguration()
    change(&configuration)
    let sandbox = try await SandboxServer.start(configuration)
    do {
        let result = try await body(sandbox)
        await sandbox.shutDown()
        return result
    } catch {
        await sandbox.shutDown()
        throw error
    }
}
