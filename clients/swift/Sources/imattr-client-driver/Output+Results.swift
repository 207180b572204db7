import Glibc
import IMAttrClient
import JSONTokens

/// What the driver says of a call.
extension Output {
    static func say(call: String, _ members: (inout JSONWriter) -> Void) {
        say { json in
            json.key("call")
            json.string(call)
            members(&json)
        }
    }

    static func say(call: String, result: [UInt8]) {
        say(call: call) { json in
            json.key("result")
            json.raw(result)
        }
    }

    static func say(call: String, error: any Error) {
        say(call: call) { json in
            json.key("error")
            json.object { json in
                guard let error = error as? IMAttrError else { return json.write("\(error)", as: "message") }
                json.write(error.kind, as: "kind")
                json.write(error.answer?.message ?? "\(error)", as: "message")
                if let answer = error.answer { json.write(answer) }
                if case .unreachable(let path, let errno) = error {
                    json.write(path, as: "path")
                    json.write(name(of: errno), as: "errno")
                }
            }
        }
    }

    static func say(call: String, answer: AccountAnswer) {
        say(call: call) { json in
            if let failure = answer.failure {
                json.key("failed")
                return json.write(failure)
            }
            json.key(answer.attrs == nil ? "missing" : "user")
            json.object { json in
                json.write(answer.account.text, as: "To_Account")
                json.member("Attrs", answer.attrs) { $0.raw($1.json) }
                json.member("ErrorCode", answer.error?.code) { $0.integer($1) }
                json.member("ErrorInfo", answer.error?.info) { $0.string($1) }
            }
        }
    }

    private static func name(of errno: CInt) -> String {
        switch errno {
        case EACCES: "EACCES"
        case EAGAIN: "EAGAIN"
        case ECONNREFUSED: "ECONNREFUSED"
        case ENAMETOOLONG: "ENAMETOOLONG"
        case ENOENT: "ENOENT"
        case ENOTDIR: "ENOTDIR"
        case ENOTSOCK: "ENOTSOCK"
        case EPERM: "EPERM"
        case EPROTOTYPE: "EPROTOTYPE"
        default: "\(errno)"
        }
    }
}

extension IMAttrError {
    /// The kind as the page names it.
    fileprivate var kind: String {
        switch self {
        case .argument: "argument"
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .lost: "lost"
        case .deadline: "deadline"
        case .protocol: "protocol"
        case .cancelled: "cancelled"
        }
    }
}

extension GetAttrsResult {
    /// The result as the daemon wrote it, or would have.
    func json(partial: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("UserAttrs")
            json.array { json in
                for user in userAttrs {
                    json.object { json in
                        json.write(user.account.text, as: "To_Account")
                        json.key("Attrs")
                        json.raw(user.attrs.json)
                    }
                }
            }
            json.key("missing")
            json.array { json in for account in missing { json.string(account.text) } }
            if !errorList.isEmpty {
                json.key("ErrorList")
                json.array { json in for error in errorList { json.raw(error.json) } }
            }
            if partial {
                json.key("failed")
                json.array { json in for failure in failed { json.write(failure) } }
            }
        }
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ text: String, as key: StaticString) {
        self.key(key)
        string(text)
    }

    fileprivate mutating func write(_ failure: FailedAccount) {
        object { json in
            json.write(failure.account.text, as: "To_Account")
            json.key("code")
            json.integer(failure.code)
            json.write(failure.message, as: "message")
            json.key("retryable")
            json.boolean(failure.retryable)
            json.member("ErrorInfo", failure.errorInfo) { $0.string($1) }
            json.member("retryAfterMs", failure.retryAfterMs) { $0.integer($1) }
            json.member("callId", failure.callID) { $0.string($1) }
        }
    }

    fileprivate mutating func write(_ answer: ErrorObject) {
        key("code")
        integer(answer.code)
        key("source")
        string(answer.source.rawValue)
        key("retryable")
        boolean(answer.retryable)
        member("retryAfterMs", answer.retryAfterMs) { $0.integer($1) }
        member("ErrorInfo", answer.errorInfo) { $0.string($1) }
        member("attempts", answer.attempts) { $0.integer($1) }
        member("path", answer.path) { $0.string($1) }
        member("limit", answer.limit?.value) { $0.integer($1) }
        member("limitName", answer.limit?.name) { $0.string($1) }
        member("fetched", answer.fetched) { $0.integer($1) }
        member("failed", answer.failed) { json, failed in json.array { for entry in failed { $0.raw(entry) } } }
        member("callId", answer.callID) { $0.string($1) }
        member("clockSkewSeconds", answer.clockSkewSeconds) { $0.integer($1) }
    }

    fileprivate mutating func member<Value>(
        _ key: StaticString, _ value: Value?, _ write: (inout JSONWriter, Value) -> Void
    ) {
        guard let value else { return }
        self.key(key)
        write(&self, value)
    }
}
