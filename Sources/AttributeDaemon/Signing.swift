import AttributeAPI
import AttributeValues
import UpstreamClient

extension DaemonCore.Serving {
    /// The state while there is a configuration.
    var state: DaemonState {
        if case .failing(let trouble) = upstream.signing { return Self.state(trouble, isSigned: isSigned) }
        return driver.degradation.map { DaemonState(state: .degraded, reasons: [$0]) }
            ?? DaemonState(state: .ready, reasons: [])
    }

    /// Why no call can be made until an operator has done something; nil if that is not so.
    var misconfiguration: SignerTrouble? {
        guard case .failing(let trouble) = upstream.signing, case .unusable = trouble, !isSigned else { return nil }
        return trouble
    }

    private var isSigned: Bool { driver.time() < upstream.signedUntil }

    /// - Parameter isSigned: Whether there still is a UserSig that is valid.
    private static func state(_ trouble: SignerTrouble, isSigned: Bool) -> DaemonState {
        switch trouble {
        case .unusable(let reason):
            DaemonState(state: isSigned ? .degraded : .misconfigured, reasons: ["signer: \(reason)"])
        case .away(let reason):
            DaemonState(
                state: .degraded,
                reasons: ["signer: \(reason)" + (isSigned ? "; calls go on until the UserSig expires" : "")])
        }
    }
}

/// What is worth a line in the log about UserSigs of the signer, each time once.
struct SigningNotes {
    private var lifetimes: [Int64]?
    private var skewedSince: Moment?

    /// Time between two warnings about clocks.
    private static let pause: Duration = .seconds(3600)

    /// There is a new UserSig.
    /// - Returns: Lines to be logged.
    mutating func changed(_ upstream: UpstreamClient, at now: Moment) -> [String] {
        var lines: [String] = []
        let configured = upstream.configuration.userSigLifetime
        if let lifetime = upstream.signerLifetime, lifetime != configured {
            if lifetimes != [lifetime, configured] {
                lines.append(
                    "the signer makes UserSigs for \(lifetime) s, and userSigTtlSeconds is \(configured) here; "
                        + "restart imattrd-signer")
            }
            lifetimes = [lifetime, configured]
        } else {
            lifetimes = nil
        }
        // At half of its life the clocks' difference makes it invalid before it is replaced.
        if let skew = upstream.clockSkewSeconds, let lifetime = upstream.signerLifetime, abs(skew) > lifetime / 4,
            skewedSince.map({ now - $0 >= Self.pause }) ?? true
        {
            skewedSince = now
            lines.append(
                "this machine's clock is \(abs(skew)) s \(skew > 0 ? "ahead of" : "behind") the server's; at \(lifetime / 2) s "
                    + "UserSigs are refused: correct the clock, or raise userSigTtlSeconds")
        }
        return lines
    }
}
