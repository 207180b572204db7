import JSONRPC
import JSONTokens

/// An account that failed, and why: what the error of a call for it alone would say.
public struct FailedAccount: Hashable, Sendable {
    /// Which one it is.
    public let account: Account
    /// Upstream's own `ErrorCode`; the daemon's codes are below zero.
    public let code: Int
    /// For a person.
    public let message: String
    /// Whether it may be answered later without any change.
    public let retryable: Bool
    /// Upstream's own words, if there were any.
    public var errorInfo: String?
    /// Milliseconds before which asking again is of no use, if the daemon said so.
    public var retryAfterMs: Int64?
    /// The upstream call, as the daemon's log names it, if there was one.
    public var callID: String?

    /// Puts together what is always there.
    public init(account: Account, code: Int, message: String, retryable: Bool) {
        self.account = account
        self.code = code
        self.message = message
        self.retryable = retryable
    }

    /// The error of a whole request.
    init(account: Account, error: ErrorObject) {
        self.init(account: account, code: error.code, message: error.message, retryable: error.retryable)
        errorInfo = error.errorInfo
        retryAfterMs = error.retryAfterMs
        callID = error.callID
    }

    /// Reads an entry of `failed`.
    init(_ reader: inout JSONReader) throws {
        var (account, code, message, retryable): (Account?, Int64?, String?, Bool?) = (nil, nil, nil, nil)
        var (errorInfo, retryAfterMs, callID): (String?, Int64?, String?) = (nil, nil, nil)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch reader.decode(key) {
            case "To_Account": account = try Account(&reader)
            case "code": code = try reader.integerIfAny()
            case "message": message = try reader.stringIfAny()
            case "retryable": retryable = try reader.booleanIfAny()
            case "ErrorInfo": errorInfo = try reader.stringIfAny()
            case "retryAfterMs": retryAfterMs = try reader.integerIfAny()
            case "callId": callID = try reader.stringIfAny()
            default: try reader.skipValue()
            }
        }
        guard let account, let code, let message, let retryable else {
            throw IMAttrError.protocol("an entry of failed without To_Account, code, message or retryable")
        }
        self.init(account: account, code: Int(code), message: message, retryable: retryable)
        self.errorInfo = errorInfo
        self.retryAfterMs = retryAfterMs
        self.callID = callID
    }
}

extension GetAttrsResult {
    /// The answer to a request of which each account failed by the same error.
    init(failed accounts: some Sequence<Account>, _ error: ErrorObject) {
        var seen: Set<Account> = []
        for account in accounts where seen.insert(account).inserted {
            failed.append(FailedAccount(account: account, error: error))
        }
    }
}
