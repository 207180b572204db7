import AttributeValues
import JSONTokens

/// The members of an answer as they are met, before they are judged together.
struct AnswerMembers {
    private let requested: Set<Account>
    private let redactor: Redactor
    private var status: Status?
    private var code: Int64?
    private var info: String?
    private var hasUserAttrs = false
    private var hasErrorList = false
    private var answer = GetAttrAnswer()
    private var unrequested: Set<Account> = []
    private var seen: Set<String> = []
    private var fault: String?

    private enum Status { case ok, fail, other }
    private static let known: Set<String> = ["ActionStatus", "ErrorCode", "ErrorInfo", "UserAttrs", "ErrorList"]

    init(requested: Set<Account>, redactor: Redactor) {
        self.requested = requested
        self.redactor = redactor
    }

    /// What the members say together.
    var verdict: GetAttrVerdict {
        get throws(UndocumentedAnswer) {
            guard let code else { throw UndocumentedAnswer(reason: "no integer ErrorCode") }
            switch status {
            case .ok where code == 0: break
            case .fail where code != 0: return .fail(code: Int(code), info: info)
            default: throw UndocumentedAnswer(reason: "ActionStatus and ErrorCode disagree")
            }
            if let fault { throw UndocumentedAnswer(reason: fault) }
            guard hasUserAttrs || hasErrorList else { throw UndocumentedAnswer(reason: "no UserAttrs") }
            return .ok(answer)
        }
    }

    /// Reads the value of a member. A documented one that occurs twice could be read in two ways.
    mutating func read(_ key: JSONStringToken, _ reader: inout JSONReader) throws {
        guard let name = reader.decode(key), Self.known.contains(name) else {
            try reader.skipValue()
            return
        }
        guard seen.insert(name).inserted else { throw UndocumentedAnswer(reason: "\(name) occurs twice") }
        switch (name, try reader.peek()) {
        case ("ActionStatus", .string):
            let token = try reader.string()
            status = reader.matches(token, "OK") ? .ok : reader.matches(token, "FAIL") ? .fail : .other
        case ("ErrorCode", .number): code = try reader.integer()
        case ("ErrorInfo", .string): info = reader.decode(try reader.string()).map(redactor.redact)
        case ("UserAttrs", .array):
            hasUserAttrs = true
            try readUserAttrs(&reader)
        case ("ErrorList", .array):
            hasErrorList = true
            try readErrorList(&reader)
        default: try reader.skipValue()
        }
    }

    private mutating func readUserAttrs(_ reader: inout JSONReader) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peek() == .object else {
                fault = "an entry of UserAttrs is not an object"
                try reader.skipValue()
                continue
            }
            let entry = try Entry(&reader)
            if let account = entry.account, let attrs = entry.attrs {
                note(attrs, of: account)
            } else {
                fault = "an entry of UserAttrs lacks To_Account or Attrs, or has one twice"
            }
        }
    }

    private mutating func note(_ attrs: Attrs, of account: Account) {
        if requested.contains(account) {
            if answer.attrs.updateValue(attrs, forKey: account) != nil { fault = "an account occurs twice" }
        } else {
            if !unrequested.insert(account).inserted { fault = "an account occurs twice" }
            answer.unrequested = unrequested.count
        }
    }

    /// Entries that name nobody who was asked for are of no use to anybody and are left out.
    private mutating func readErrorList(_ reader: inout JSONReader) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peek() == .object else {
                try reader.skipValue()
                continue
            }
            let entry = try Entry(&reader)
            guard let account = entry.account, requested.contains(account) else { continue }
            answer.errorList[account] = json(entry, account)
        }
    }

    /// An entry of `ErrorList` as it is passed on. Its text is upstream's, in which anything can be quoted.
    private func json(_ entry: Entry, _ account: Account) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("To_Account")
            json.string(account.utf8)
            if let code = entry.code {
                json.key("ErrorCode")
                json.integer(code)
            }
            if let info = entry.info {
                json.key("ErrorInfo")
                json.string(redactor.redact(info))
            }
        }
        return json.bytes
    }
}

/// An entry of `UserAttrs` or of `ErrorList`. What occurs twice counts as missing: it could be read in two ways.
private struct Entry {
    var account: Account? { accounts.count == 1 ? accounts[0] : nil }
    var attrs: Attrs? { allAttrs.count == 1 ? allAttrs[0] : nil }
    private(set) var code: Int64?
    private(set) var info: String?
    private var accounts: [Account?] = []
    private var allAttrs: [Attrs?] = []

    init(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let kind = try reader.peek()
            if reader.matches(key, "To_Account") {
                accounts.append(try Self.text(&reader, kind).map { Account($0) })
            } else if reader.matches(key, "Attrs") {
                let json = kind == .object ? try reader.compactValue() : nil
                if json == nil { try reader.skipValue() }
                allAttrs.append(json.map { Attrs(json: $0) })
            } else if reader.matches(key, "ErrorCode"), kind == .number {
                code = try reader.integer()
            } else if reader.matches(key, "ErrorInfo") {
                info = try Self.text(&reader, kind)
            } else {
                try reader.skipValue()
            }
        }
    }

    /// A string's text; nil if it is no string, or has no UTF-8.
    private static func text(_ reader: inout JSONReader, _ kind: JSONReader.Kind) throws -> String? {
        guard kind == .string else {
            try reader.skipValue()
            return nil
        }
        return reader.decode(try reader.string())
    }
}
