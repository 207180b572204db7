import AttributeValues
import Testing
import UpstreamClient
import UpstreamSandbox
import UserSig

/// Whatever upstream quotes, no UserSig and no key is in what a call tells.
@Suite struct SecrecyTests {
    static let faults: [Fault.Kind] = [
        .echoURL(70003), .echoURL(91000), .echoURL(90001), .status(502), .status(404), .redirect(302, location: nil),
        .redirect(307, location: "https://127.0.0.1:1/"), .reset, .garbage, .truncated, .hang,
        .oversized(bytes: 2 << 20),
    ]

    @Test(arguments: faults)
    func failuresHoldNoSecret(kind: Fault.Kind) async throws {
        try await withClient(timeout: .seconds(2)) { client, sandbox in
            try await client.connect()
            await sandbox.setFaults([Fault(kind)])
            let report = try await client.call("abc")
            let request = try #require(await sandbox.recentRequests().first)
            let signature = try #require(
                request.uri.split(separator: "=").dropFirst().first?.split(separator: "&").first)
            #expect(signature.utf8.count > 100)
            #expect(report.failure != nil)
            let told = String(reflecting: report)
            for start in stride(from: 0, to: signature.utf8.count - 16, by: 8) {
                let part = signature.dropFirst(start).prefix(16)
                #expect(!told.contains(part))
            }
            #expect(!told.contains(SandboxConfiguration.madeUpSecretKey))
        }
    }

    @Test func quotedURLKeepsItsOtherParts() async throws {
        try await withClient(faults: [Fault(.echoURL(70003))]) { client, _ in
            let info = try #require(try await client.call("abc").failure?.errorInfo)
            #expect(info.contains("usersig=<redacted>&identifier=administrator&sdkappid=1400000001"))
        }
    }

    /// A UserSig of the key before the last reload may still be on the wire.
    @Test func signatureOfAnEarlierKeyStaysSecret() async throws {
        try await withClient { client, sandbox in
            _ = try await client.call("abc").result.get()
            let uri = try #require(await sandbox.recentRequests().first?.uri)
            let signature = String(
                try #require(uri.split(separator: "=").dropFirst().first?.split(separator: "&").first))
            await sandbox.setFaults([
                Fault(.body(#"{"ActionStatus":"FAIL","ErrorCode":1,"ErrorInfo":"\#(signature)"}"#))
            ])
            _ = try await client.onEventLoop { $0.sign(with: .key(SecretKey("another made-up key")), lifetime: 3600) }
            let info = try #require(try await client.call("abc").failure?.errorInfo)
            #expect(info == "<redacted>")
        }
    }

    @Test func entryOfErrorListHoldsNoSecret() async throws {
        let body = #"""
            {"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","UserAttrs":[],"ErrorList":[{"To_Account":"abc",
            "ErrorCode":70107,"ErrorInfo":"at /x?usersig=eJw1234&a=b","More":{"usersig=":"made-up-key-for-the-sandbox-only"}}]}
            """#
        try await withClient(faults: [Fault(.body(body))]) { client, _ in
            let entry = try #require(try await client.call("abc").result.get().results[0].errorListEntry)
            let expected = #"{"To_Account":"abc","ErrorCode":70107,"ErrorInfo":"at /x?usersig=<redacted>&a=b"}"#
            #expect(String(decoding: entry, as: UTF8.self) == expected)
        }
    }
}
