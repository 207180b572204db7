import AttributeValues
import Glibc
import JSONRPC
import JSONRPCServer
import Logging
import NIOCore

/// What the daemon writes down of its connections, reloads and calls.
extension DaemonCore {
    /// Logs that a connection was one too many, once a minute for each user.
    func noteRefusedConnection(of caller: Caller, _ error: ErrorObject) {
        guard let unsaid = refusedConnections.note(caller.uid, at: .now()) else { return }
        logger.warning(
            "connection refused", metadata: ["why": "\(error.message)", "uid": "\(caller.uid)", "unsaid": "\(unsaid)"])
    }

    func act(_ action: ShortageLog.Action) {
        switch action {
        case .nothing: break
        case .logBegin:
            logger.warning(
                "no file descriptor is left: accepting pauses; raise LimitNOFILE= or `ulimit -Hn`",
                metadata: Event.descriptorShortage.metadata())
        case .awaitCalm:
            shortageAlarm = eventLoop.assumeIsolated().scheduleTask(in: ShortageLog.calm) { [weak self] () -> Void in
                guard let self else { return }
                act(shortages.calmed())
            }
        case .cancelCalm: shortageAlarm?.cancel()
        case .logEnd(let count):
            logger.notice("accepting goes on: there are file descriptors again", metadata: ["shortages": "\(count)"])
        }
    }

    func log(_ outcome: ReloadOutcome) {
        if outcome.succeeded {
            logger.notice("configuration reloaded", metadata: Event.reloaded.metadata())
        }
        for problem in outcome.problems {
            logger.error("reload failed", metadata: Event.reloadFailed.metadata(["problem": "\(problem)"]))
        }
        if !outcome.keysForRestart.isEmpty {
            logger.warning(
                "some changes wait for a restart",
                metadata: ["keys": "\(outcome.keysForRestart.joined(separator: ", "))"])
        }
    }

    /// With what the vendor's support asks for: the number in the query, and when the call was made.
    func log(_ call: CallDriver.EndedCall) {
        var metadata: Logger.Metadata = [
            "callId": "\(call.key)", "accounts": "\(call.accounts)",
            "calledAt": "\(Self.utc(time(nil) - Int(call.took.nanoseconds / 1_000_000_000)))",
        ]
        if let random = call.random { metadata["random"] = "\(random)" }
        guard let failure = call.failure else { return logger.debug("call answered", metadata: metadata) }
        metadata["code"] = "\(failure.code)"
        metadata["message"] = "\(failure.message)"
        logger.debug("call failed", metadata: metadata)
    }

    /// `2026-11-30T14:37:31Z`
    /// - Parameter seconds: Since 1970.
    private static func utc(_ seconds: time_t) -> String {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%FT%TZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
