import AttributeValues
import JSONRPC
import JSONTokens

extension GetAttrs.Result {
    /// The member `failed` of a partial result, with the comma before it.
    static func failures(_ failed: [(index: Int, error: ErrorObject)], _ accounts: [Account]) -> [UInt8] {
        var json = JSONWriter(capacity: 32 + 160 * failed.count)
        json.array { json in
            for (index, error) in failed { write(error, of: accounts[index], to: &json) }
        }
        return Array(#","failed":"#.utf8) + json.bytes
    }

    private static func write(_ error: ErrorObject, of account: Account, to json: inout JSONWriter) {
        json.object { json in
            json.key("To_Account")
            json.string(account.text)
            json.key("code")
            json.integer(error.code)
            json.key("message")
            json.string(error.message)
            json.key("retryable")
            json.boolean(error.retryable)
            json.member("ErrorInfo", error.errorInfo) { $0.string($1) }
            json.member("retryAfterMs", error.retryAfterMs) { $0.integer($1) }
            json.member("callId", error.callID) { $0.string($1) }
        }
    }
}
