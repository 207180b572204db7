import AttributeValues
import JSONRPC
import JSONRPCServer
import JSONTokens
import Logging
import NIOCore
import Rights

/// Writes one log line for a request: who, how many accounts, how it ended and how long it took. Only for debugging, unless the
/// operator asked for an audit; the accounts' names only if that was asked for too.
public final class Audit {
    /// The keys of metadata that hold what callers wrote.
    public static let fromCallers: Set<String> = ["To_Account"]

    private let kind: AuditScope
    private let caller: Caller
    private let rule: String?
    private let accounts: [Account]
    private let start: NIODeadline
    private let logger: Logger

    /// - Parameter rule: The name of the caller's rule.
    init(
        _ kind: AuditScope, caller: Caller, rule: String?, accounts: [Account], start: NIODeadline, logger: Logger
    ) {
        self.kind = kind
        self.caller = caller
        self.rule = rule
        self.accounts = accounts
        self.start = start
        self.logger = logger
    }

    func write(_ outcome: Response.Outcome) {
        switch outcome {
        case .result: write(outcome: "ok", callID: nil)
        case .error(let error): write(outcome: "\(error.code)", callID: error.callID)
        }
    }

    func writeCancelled() { write(outcome: "withdrawn", callID: nil) }

    private func write(outcome: String, callID: String?) {
        if kind == .off { return logger.debug("request", metadata: metadata(outcome, callID)) }
        // An audit that was asked for is written whatever the log level is.
        var logger = logger
        logger.logLevel = .info
        logger.info("audit", metadata: metadata(outcome, callID))
    }

    private func metadata(_ outcome: String, _ callID: String?) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "method": "getAttrs", "uid": "\(caller.uid)", "gid": "\(caller.gid)", "accounts": "\(accounts.count)",
            "outcome": "\(outcome)", "durationMs": "\((NIODeadline.now() - start).nanoseconds / 1_000_000)",
        ]
        if let rule { metadata["rule"] = "\(rule)" }
        if let callID { metadata["callId"] = "\(callID)" }
        if kind == .accounts { metadata["To_Account"] = .string(names) }
        return metadata
    }

    /// The names as a JSON array, in which nothing can be mistaken for something else.
    private var names: String {
        var json = JSONWriter()
        json.array { json in
            for account in accounts { json.string(account.utf8) }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
