import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPC
import JSONTokens
import Rights

extension Response.Outcome {
    /// The result or the error of a request that has ended. A function, because an initializer would take its arguments over, at the cost
    /// of a copy.
    /// - Parameter rule: What limits what the caller may know.
    static func getAttrs(
        _ params: GetAttrs.Params, ended outcome: RequestOutcome, by rule: Rule?
    ) -> Response.Outcome {
        // Upstream's own words are about the call, in which accounts of others are.
        let showsWords = rule?.isConfidential != true
        return switch outcome {
        case .answered(let results):
            .result(
                GetAttrs.Result.json(
                    params.accounts, rule?.filter(results, of: params.accounts) ?? results,
                    failed: params.partial ? [] : nil))
        case .partly(let partial):
            .result(
                GetAttrs.Result.json(
                    params.accounts, rule?.filter(partial.results, of: params.accounts) ?? partial.results,
                    failed: partial.failed.map {
                        (index: $0.index, error: ErrorObject($0.reason, showsWords: showsWords))
                    }))
        case .failed(let failure): .error(ErrorObject(failure, showsWords: showsWords))
        case .deadlineExceeded(let fetched, let retryAfter): .error(.deadlineExceeded(fetched, retryAfter))
        case .overloaded(let limit, let retryAfter):
            .error(.overloaded(limit, retryAfter, by: rule))
        case .shuttingDown(let fetched): .error(.shuttingDown(fetched: fetched))
        }
    }
}

extension ErrorObject {
    /// Milliseconds after which a client may look for the next process.
    private static let restartDelayMs: Int64 = 1000

    static func shuttingDown(fetched: Int = 0) -> ErrorObject {
        var error = ErrorObject(.shuttingDown, "the daemon stops; repeat the request on a new connection")
        error.retryAfterMs = restartDelayMs
        error.fetched = fetched
        return error
    }

    /// - Parameter rule: The one whose limit it can be.
    fileprivate static func overloaded(_ limit: QueueLimit, _ retryAfter: Duration, by rule: Rule?) -> ErrorObject {
        var error = ErrorObject.overloaded(.init(limit), retryAfterMs: max(1, retryAfter.millisecondsRoundedUp))
        if case .perRule = limit { error.rule = rule?.name }
        return error
    }

    fileprivate static func deadlineExceeded(_ fetched: Int, _ retryAfter: Duration?) -> ErrorObject {
        guard let retryAfter else {
            var error = ErrorObject(.deadlineExceeded, "time ran out before upstream had answered; timeoutMs sets it")
            error.fetched = fetched
            return error
        }
        let milliseconds = max(1, retryAfter.millisecondsRoundedUp)
        var error = ErrorObject(
            .deadlineExceeded, "nothing can be served before \(milliseconds) ms from now, which is past timeoutMs")
        error.retryAfterMs = milliseconds
        error.fetched = fetched
        return error
    }

    /// - Parameter showsWords: Whether upstream's own words are passed on.
    fileprivate init(_ failure: PartialFailure, showsWords: Bool) {
        self.init(failure.first, showsWords: showsWords)
        fetched = failure.fetched
        failed = failure.failed.map { account, failure in
            var json = JSONWriter()
            json.object { json in
                json.key("To_Account")
                json.string(account.utf8)
                json.key("ErrorCode")
                json.integer(failure.code)
                json.key("ErrorInfo")
                json.string((showsWords ? failure.errorInfo : nil) ?? failure.message)
                json.member("random", failure.random) { $0.integer($1) }
            }
            return json.bytes
        }
    }

    /// Why an account of a partial result failed.
    fileprivate init(_ reason: PartialResult.Reason, showsWords: Bool) {
        switch reason {
        case .failure(let failure): self.init(failure, showsWords: showsWords)
        case .deadlineExceeded: self = .deadlineExceeded(0, nil)
        case .overloaded(let limit, let retryAfter):
            // Which rule it is, is in no entry of a partial result.
            self = .overloaded(limit, retryAfter, by: nil)
        case .shuttingDown: self = .shuttingDown()
        }
    }

    private init(_ failure: CallFailure, showsWords: Bool) {
        let isUnreachable = failure.code == CallFailure.unreachable
        self.init(
            code: failure.code, message: failure.message,
            retryable: isUnreachable ? KnownError.upstreamUnreachable.isRetryable : failure.kind.isRetryable,
            source: failure.isFromUpstream ? .upstream : .daemon)
        errorInfo = showsWords ? failure.errorInfo : nil
        attempts = failure.attempts
        retryAfterMs = failure.retryAfter.map { max(1, $0.millisecondsRoundedUp) }
        callID = failure.call?.description
        random = failure.random
        clockSkewSeconds = failure.clockSkewSeconds
    }
}

extension ErrorObject.Limit {
    fileprivate init(_ limit: QueueLimit) {
        switch limit {
        // A rule's limit has the name of the configuration's; the error names the rule.
        case .all(let value), .perRule(let value): self.init(ConfigurationKey.maxQueuedAccounts.rawValue, value)
        case .perPrincipal(let value): self.init(ConfigurationKey.maxQueuedAccountsPerUid.rawValue, value)
        }
    }
}

extension CallFailure.Kind {
    /// Whether the same request may succeed later without any change.
    var isRetryable: Bool {
        switch self {
        case .temporary, .tooFrequent, .status, .redirect, .unusableAnswer, .unusableEntry, .lost, .timedOut,
            .neverSent,
            .certificate, .stale:
            true
        case .account, .unknownCode, .signatureExpired, .signatureRefusedTooOften, .credential, .tooManyAccounts: false
        }
    }
}

extension CallFailure {
    /// What keeps calls from leaving, and what an operator does about it.
    var adviceForOperator: String {
        switch kind {
        case .credential, .signatureRefusedTooOften:
            "\(message); fix the secret key or the configuration, then restart imattrd"
        case .signatureExpired: "\(message); check the machine's clock (timedatectl)"
        case .temporary, .tooFrequent, .status, .redirect, .unusableAnswer, .lost, .timedOut, .neverSent, .certificate,
            .stale:
            "\(message); it is retried automatically"
        case .account, .unusableEntry, .tooManyAccounts, .unknownCode: message
        }
    }
}
