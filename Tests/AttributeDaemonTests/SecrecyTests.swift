import AttributeDaemon
import DaemonConfiguration
import Foundation
import Testing
import UpstreamSandbox

/// Whatever goes wrong upstream, neither the secret key nor a UserSig is in an answer or in the log.
@Suite(.timeLimit(.minutes(15))) struct SecrecyTests {
    static let faults: [Fault.Kind] = [
        .status(502), .status(404), .redirect(302, location: nil), .redirect(307, location: nil), .reset, .hang,
        .garbage,
        .truncated, .body("usersig=eJwabc key: \(canary)"), .error(70001), .error(70009), .echoURL(70003),
        .echoURL(90001),
        .echoURL(91000), .drip(pause: .milliseconds(20)), .oversized(bytes: 1 << 21), .close(announced: true),
        .close(announced: false),
        .body(#"{"ActionStatus":"FAIL","ErrorCode":70009,"ErrorInfo":"the key \#(canary) is wrong"}"#),
    ]
    static let canary = "canary-0123456789-secret-key-of-the-app"

    @Test(arguments: faults)
    func noSecretLeavesTheDaemon(_ kind: Fault.Kind) async throws {
        let flags: [ConfigurationKey: String] = [.upstreamTimeoutMs: "300", .audit: "accounts", .logLevel: "trace"]
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(kind)] }, flags: flags, key: Self.canary) { test in
            let client = try await test.connect()
            var output: [String] = []
            var signatures: [String] = []
            // On a slow machine, a handshake can take longer than the time-out: then no call leaves.
            while output.count < 3 || signatures.isEmpty {
                try await client.send(try LineClient.getAttrs(["abc"]))
                output.append(try #require(await client.next()))
                signatures = await test.sandbox.recentRequests().compactMap { Self.signature(in: $0.uri) }
            }
            try await client.send(#"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"#)
            output.append(try #require(await client.next()))
            #expect(test.log.lines.contains { $0.contains("audit") })
            for text in output + test.log.lines {
                #expect(!text.contains(Self.canary))
                for signature in signatures { #expect(!text.contains(signature.prefix(40)), "\(text)") }
            }
        }
    }

    /// The value of `usersig=` in the line of a request.
    private static func signature(in request: String) -> String? {
        guard let start = request.range(of: "usersig=") else { return nil }
        return String(request[start.upperBound...].prefix { $0 != "&" && $0 != " " })
    }
}
