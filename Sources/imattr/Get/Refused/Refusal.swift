import AttributeAPI
import IMAttrClient
import JSONTokens

/// Why an account has no answer: an entry of `failed` in a partial result.
struct Refusal: Hashable, Sendable {
    let account: Account
    /// Upstream's code, or the daemon's.
    let code: Int
    let message: String
    var retryable = false
    /// Upstream's own words.
    var errorInfo: String?
    /// Milliseconds before which asking again is of no use.
    var retryAfterMs: Int64?
    /// The upstream call, as the daemon's log names it.
    var callID: String?

    /// What is done about it.
    enum Meaning {
        /// The account is refused; others may be answered.
        case final
        /// The account may be answered if it is asked for again, but a few attempts have to be enough.
        case perhapsLater
        /// It says nothing about the account: the daemon or the upstream cannot serve at present.
        case later
        /// No request is served until an administrator acts.
        case serviceRefused
    }

    var meaning: Meaning {
        if code == KnownError.misconfigured.code { return .serviceRefused }
        guard retryable else { return retryAfterMs == nil ? .final : .serviceRefused }
        let aboutTime: [KnownError] = [.overloaded, .deadlineExceeded, .shuttingDown]
        let isAboutTime = aboutTime.contains { $0.code == code }
        return isAboutTime || retryAfterMs != nil ? .later : .perhapsLater
    }

    /// The error that a request for this account alone would have ended with.
    var error: ErrorObject {
        let isDaemons = KnownError.withCode(code) != nil
        var error = ErrorObject(
            code: code, message: message, retryable: retryable, source: isDaemons ? .daemon : .upstream)
        error.errorInfo = errorInfo
        error.retryAfterMs = retryAfterMs
        error.callID = callID
        return error
    }

    /// For a person: `90001 upstream's words`.
    var text: String { "\(code) \(errorInfo.flatMap { $0.isEmpty ? nil : $0 } ?? message)" }
}

// MARK: As JSON

extension Refusal {
    /// The JSON object, as the daemon writes it.
    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("To_Account")
            json.string(account.text)
            writeReason(to: &json)
        }
        return json.bytes
    }

    /// The members that say why.
    func writeReason(to json: inout JSONWriter) {
        json.key("code")
        json.integer(code)
        json.key("message")
        json.string(message)
        json.key("retryable")
        json.boolean(retryable)
        if let errorInfo {
            json.key("ErrorInfo")
            json.string(errorInfo)
        }
        if let retryAfterMs {
            json.key("retryAfterMs")
            json.integer(retryAfterMs)
        }
        if let callID {
            json.key("callId")
            json.string(callID)
        }
    }

    /// Reads an entry of `failed`, of a result or of an error's data, which has fewer members.
    init(_ tree: JSONTree) throws(IMAttrError) {
        guard let account = tree["To_Account"]?.text, let code = tree["code"]?.integer ?? tree["ErrorCode"]?.integer
        else { throw .protocol("an entry of failed without account or code") }
        self.account = Account(account)
        self.code = Int(code)
        errorInfo = tree["ErrorInfo"]?.text
        message = tree["message"]?.text ?? errorInfo ?? ""
        retryable = tree["retryable"].map { $0 == true } ?? (KnownError.withCode(Int(code))?.isRetryable ?? false)
        retryAfterMs = tree["retryAfterMs"]?.integer
        callID = tree["callId"]?.text
    }
}

extension JSONTree {
    /// An integer's value; nil of anything else.
    fileprivate var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits)
    }
}

/// The answer to `getAttrs` with `partial`.
struct PartialAnswer: Sendable {
    var result = GetAttrsResult()
    var failed: [Refusal] = []

    /// Reads a result's JSON text.
    ///
    /// - Throws: ``IMAttrError/protocol(_:)`` if it has not the promised shape.
    init(json: [UInt8]) throws(IMAttrError) {
        result = try GetAttrsResult(json: json)
        var reader = JSONReader(json)
        do {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if reader.matches(key, "failed") {
                    try reader.beginArray()
                    while try reader.nextElement() {
                        let entry = try JSONTree(json: Array(reader.bytes[try reader.skipValue()]))
                        failed.append(try Refusal(entry))
                    }
                } else {
                    _ = try reader.skipEnclosedValue()
                }
            }
        } catch let error as IMAttrError {
            throw error
        } catch {
            throw .protocol("a result of getAttrs that is not of its shape: \(error)")
        }
    }

    /// The accounts that an error names.
    ///
    /// - Throws: The error, if it is about no account in particular.
    init(_ error: IMAttrError) throws(IMAttrError) {
        guard let answer = error.answer, let listed = answer.failed, !listed.isEmpty else { throw error }
        for json in listed {
            guard let tree = try? JSONTree(json: json), var refusal = try? Refusal(tree) else { throw error }
            if refusal.code == answer.code {
                refusal.retryable = answer.retryable
                refusal.retryAfterMs = answer.retryAfterMs
            }
            failed.append(refusal)
        }
    }
}
