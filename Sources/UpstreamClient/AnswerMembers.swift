import AttributeValues
import JSONTokens

/// The members of an answer as they are met, before they are judged together.
struct AnswerMembers {
    private var places: RequestedPlaces
    private let redactor: Redactor
    private var status: Status?
    private var code: Int64?
    private var info: String?
    private var hasUserAttrs = false
    private var hasErrorList = false
    /// The body, and after it those attributes that do not stand in it on one line.
    private var texts: [UInt8]
    /// Where in them each account's are.
    private var attrs: [Range<Int>?]
    private var errorListEntries: [Int: [UInt8]] = [:]
    private var unrequested: Set<Account> = []
    /// One bit for each member.
    private var seen = 0
    private var fault: String?

    private enum Status { case ok, fail, other }
    private enum Member: Int { case actionStatus, errorCode, errorInfo, userAttrs, errorList }
    /// In the order of the members above.
    private static let names: [StaticString] = ["ActionStatus", "ErrorCode", "ErrorInfo", "UserAttrs", "ErrorList"]

    init(body: [UInt8], requested: [Account], redactor: Redactor) {
        texts = body
        places = RequestedPlaces(requested)
        // Array(repeating:count:) looks its type up at each call.
        attrs = requested.map { _ in nil }
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

    private var answer: CallAnswer {
        let results = AccountResults(texts: texts, attrs: attrs, errorListEntries: errorListEntries)
        return CallAnswer(results: results, unrequested: unrequested.count)
    }

    /// Reads the value of a member. A documented one that occurs twice could be read in two ways.
    mutating func read(_ key: JSONStringToken, _ reader: inout JSONReader) throws {
        let index = Self.names.firstIndex { reader.matches(key, $0) }
        guard let member = index.flatMap(Member.init) else {
            try reader.skipValue()
            return
        }
        let bit = 1 << member.rawValue
        guard seen & bit == 0 else {
            throw UndocumentedAnswer(reason: "\(Self.names[member.rawValue]) occurs twice")
        }
        seen |= bit
        switch (member, try reader.peek()) {
        case (.actionStatus, .string):
            let token = try reader.string()
            status = reader.matches(token, "OK") ? .ok : reader.matches(token, "FAIL") ? .fail : .other
        case (.errorCode, .number): code = try reader.integer()
        case (.errorInfo, .string): info = reader.decode(try reader.string()).map(redactor.redact)
        case (.userAttrs, .array):
            hasUserAttrs = true
            try readUserAttrs(&reader)
        case (.errorList, .array):
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
            var entry = Entry()
            try entry.read(&reader, &texts)
            if let account = entry.account, let attrs = entry.attrs {
                note(attrs, of: account, reader)
            } else {
                fault = "an entry of UserAttrs lacks To_Account or Attrs, or has one twice"
            }
        }
    }

    private mutating func note(_ range: Range<Int>, of token: JSONStringToken, _ reader: JSONReader) {
        if let place = places.place(of: token, reader) {
            if attrs[place] != nil { fault = "an account occurs twice" }
            attrs[place] = range
        } else if let account = reader.decode(token) {
            if !unrequested.insert(Account(account)).inserted { fault = "an account occurs twice" }
        } else {
            fault = "an entry of UserAttrs has a To_Account that has no UTF-8"
        }
    }

    private mutating func readErrorList(_ reader: inout JSONReader) throws {
        places.startAgain()
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peek() == .object else {
                try reader.skipValue()
                continue
            }
            var entry = Entry()
            try entry.read(&reader, &texts)
            guard let account = entry.account, let place = places.place(of: account, reader) else { continue }
            errorListEntries[place] = json(entry, places.requested[place])
        }
    }

    private func json(_ entry: Entry, _ account: Account) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("To_Account")
            json.string(account.text)
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

/// An entry of `UserAttrs` or `ErrorList`.
private struct Entry {
    /// The account, if it occurs once and is a string.
    var account: JSONStringToken? { accounts == 1 ? lastAccount : nil }
    /// Where the attributes are, if they occur once and are an object.
    var attrs: Range<Int>? { allAttrs == 1 ? lastAttrs : nil }
    private(set) var code: Int64?
    private(set) var info: String?
    private var accounts = 0
    private var lastAccount: JSONStringToken?
    private var allAttrs = 0
    private var lastAttrs: Range<Int>?

    /// - Parameter texts: The body, at whose end attributes are put that do not stand in it on one line.
    mutating func read(_ reader: inout JSONReader, _ texts: inout [UInt8]) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let kind = try reader.peek()
            if reader.matches(key, "To_Account") {
                accounts += 1
                if kind == .string { lastAccount = try reader.string() } else { try reader.skipValue() }
            } else if reader.matches(key, "Attrs") {
                allAttrs += 1
                if kind == .object {
                    lastAttrs = try reader.compactValue(in: &texts)
                } else {
                    try reader.skipValue()
                }
            } else if reader.matches(key, "ErrorCode"), kind == .number {
                code = try reader.integer()
            } else if reader.matches(key, "ErrorInfo"), kind == .string {
                info = reader.decode(try reader.string())
            } else {
                try reader.skipValue()
            }
        }
    }
}
