import AttributeValues
import DaemonConfiguration
import NIOCore
import UpstreamClient
import UserSig

/// Tries the configuration on the real server: name, connection, certificate, clock and one call.
public enum OnlineCheck {
    /// What was found.
    public struct Finding: Hashable, Sendable {
        /// Whether a call was answered with OK.
        public let succeeded: Bool
        /// Whether there was a UserSig to make it with.
        public let isSigned: Bool
        /// Lines for a person; never a secret.
        public let lines: [String]
    }

    /// Seconds by which the clocks may differ before it is worth a word.
    static let tolerableSkew: Int64 = 30

    /// Makes one call that asks for the attributes of the admin account.
    public static func run(_ configuration: ReadConfiguration, on eventLoop: any EventLoop) async throws -> Finding {
        guard let settings = configuration.settings, case .success(let source) = configuration.signatureSource() else {
            return Finding(succeeded: false, isSigned: false, lines: configuration.allProblems)
        }
        let start = NIODeadline.now()
        let (end, skew, isSigned) = try await eventLoop.flatSubmit {
            let client = UpstreamClient(settings.upstream, source: source, eventLoop: eventLoop)
            let bound = NIOLoopBound(client, eventLoop: eventLoop)
            return client.firstSigned.flatMap { call(bound.value, settings, on: eventLoop) }.flatMap { end in
                let (skew, isSigned) = (bound.value.clockSkewSeconds, bound.value.signing == .fine)
                return bound.value.shutDown().map { (end, skew, isSigned) }
            }
        }.get()
        let took = (NIODeadline.now() - start).nanoseconds / 1_000_000
        return finding(end, skew, isSigned: isSigned, settings.upstream.endpoint, milliseconds: took)
    }

    /// Makes the call, if it can be signed.
    private static func call(
        _ client: UpstreamClient, _ settings: Settings, on eventLoop: any EventLoop
    ) -> EventLoopFuture<CallEnd> {
        if case .failing(let trouble) = client.signing {
            let failure = CallFailure(.lost, message: "signer: \(trouble)", call: CallKey(number: 1))
            return eventLoop.makeSucceededFuture(CallEnd(counted: .neverSent, result: .failure(failure)))
        }
        let promise = eventLoop.makePromise(of: CallEnd.self)
        _ = client.getAttributes(CallKey(number: 1), of: [Account(settings.upstream.admin)]) { promise.succeed($0) }
        return promise.futureResult
    }

    private static func finding(
        _ end: CallEnd, _ skew: Int64?, isSigned: Bool, _ endpoint: Endpoint, milliseconds: Int64
    ) -> Finding {
        var lines: [String] = []
        if let skew {
            lines.append(
                abs(skew) <= tolerableSkew
                    ? "clock: ok (\(skew) s from the server's)"
                    : "clock: \(abs(skew)) s \(skew > 0 ? "ahead of" : "behind") the server's; UserSigs may be refused")
        }
        switch end.result {
        case .success:
            return Finding(
                succeeded: true, isSigned: true,
                lines: ["\(endpoint): name, connection, certificate and call ok (\(milliseconds) ms)"] + lines)
        case .failure(let failure):
            let info = failure.errorInfo.map { " (\($0))" } ?? ""
            return Finding(
                succeeded: false, isSigned: isSigned, lines: ["\(endpoint): \(failure.message)\(info)"] + lines)
        }
    }
}
