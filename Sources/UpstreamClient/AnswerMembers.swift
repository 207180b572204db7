import AttributeValues
import JSONTokens

/// The members of an answer as they are read, before they are judged together.
struct AnswerMembers {
    private let call: CallKey
    private var places: RequestedPlaces
    private let redactor: Redactor
    private var status: Status?
    private var code: Int64?
    private var info: String?
    /// Arrays of entries among the members.
    private var lists = 0
    /// The body, and after it those attributes that are not on one line in it.
    private var texts: [UInt8]
    /// Where in them each account's are.
    private var attrs: [Range<Int>?]
    private var unusable: [Int: CallFailure] = [:]
    private var errorListEntries: [Int: [UInt8]] = [:]
    private var unrequested = 0
    /// Entries of `UserAttrs` that do not say whose they are.
    private var unattributed = 0
    /// One bit for each member.
    private var seen = 0

    private enum Status { case ok, fail, other }
    private enum Member: Int { case actionStatus, errorCode, errorInfo, userAttrs, errorList }
    /// In the order of the members above.
    private static let names: [StaticString] = ["ActionStatus", "ErrorCode", "ErrorInfo", "UserAttrs", "ErrorList"]

    init(body: [UInt8], _ call: CallKey, requested: [Account], redactor: Redactor) {
        self.call = call
        texts = body
        places = RequestedPlaces(requested)
        // Array(repeating:count:) looks its type up at each call.
        attrs = requested.map { _ in nil }
        self.redactor = redactor
    }

    /// What the members say together.
    var verdict: GetAttrVerdict {
        get throws(UndocumentedAnswer) {
            guard let code else { throw UndocumentedAnswer.isUnusable("no integer ErrorCode") }
            if unrequested > 0, !hasRequestedEntry {
                throw UndocumentedAnswer.isForOthers
            }
            switch status {
            case .ok where code == 0: break
            case .fail where code != 0: return .fail(code: Int(code), info: info, unrequested: unrequested)
            default: throw UndocumentedAnswer.isUnusable("ActionStatus and ErrorCode disagree")
            }
            guard lists > 0 else { throw UndocumentedAnswer.isUnusable("no UserAttrs") }
            return .ok(answer)
        }
    }

    private var hasRequestedEntry: Bool {
        !unusable.isEmpty || !errorListEntries.isEmpty || attrs.contains { $0 != nil }
    }

    private var answer: CallAnswer {
        CallAnswer(
            results: AccountResults(texts: texts, attrs: attrs, errorListEntries: errorListEntries),
            unusable: unusable, isComplete: unattributed == 0 && unrequested == 0, unrequested: unrequested)
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
            throw UndocumentedAnswer.isUnusable("\(Self.names[member.rawValue]) occurs twice")
        }
        seen |= bit
        switch (member, try reader.peek()) {
        case (.actionStatus, .string):
            let token = try reader.string()
            status = reader.matches(token, "OK") ? .ok : reader.matches(token, "FAIL") ? .fail : .other
        case (.errorCode, .number): code = try reader.integer()
        case (.errorInfo, .string): info = reader.decode(try reader.string()).map(redactor.redact)
        case (.userAttrs, .array):
            lists += 1
            try readEntries(&reader) { $0.noteInUserAttrs($1, $2) }
        case (.errorList, .array):
            lists += 1
            places.startAgain()
            try readEntries(&reader) { $0.noteInErrorList($1, $2) }
        default: try reader.skipValue()
        }
    }

    /// - Parameter note: Is given each entry; nil for one that is not an object.
    private mutating func readEntries(
        _ reader: inout JSONReader, _ note: (inout Self, Entry?, JSONReader) -> Void
    ) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            if try reader.peek() == .object {
                var entry = Entry()
                try entry.read(&reader, &texts)
                note(&self, entry, reader)
            } else {
                try reader.skipValue()
                _ = reader.takeStringFault()
                note(&self, nil, reader)
            }
        }
    }

    private mutating func noteInUserAttrs(_ entry: Entry?, _ reader: JSONReader) {
        guard let entry, let account = entry.account else {
            unattributed += 1
            return
        }
        guard let place = places.place(of: account, reader) else {
            unrequested += 1
            return
        }
        let isFirst = attrs[place] == nil && (unusable.isEmpty || unusable[place] == nil)
        if isFirst, let range = entry.attrs {
            attrs[place] = range
        } else {
            attrs[place] = nil
            let reason = isFirst ? entry.faultOfAttrs : "there are two"
            unusable[place] = CallFailure(
                .unusableEntry, message: "upstream's entry for the account is not what is documented: \(reason)",
                call: call)
        }
    }

    /// An entry that cannot be read is passed over.
    private mutating func noteInErrorList(_ entry: Entry?, _ reader: JSONReader) {
        guard let entry, let account = entry.account else { return }
        if let place = places.place(of: account, reader) {
            errorListEntries[place] = json(entry, places.requested[place])
        } else {
            unrequested += 1
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
    /// The account, if it occurs once and is a string that can be read.
    var account: JSONStringToken? { accounts == 1 ? lastAccount : nil }
    /// Where the attributes are, if they occur once, are an object, and no string of the entry is faulty.
    var attrs: Range<Int>? { allAttrs == 1 && stringFault == nil ? lastAttrs : nil }
    private(set) var code: Int64?
    private(set) var info: String?
    private var accounts = 0
    private var lastAccount: JSONStringToken?
    private var allAttrs = 0
    private var lastAttrs: Range<Int>?
    private var stringFault: JSONSyntaxError?

    /// Why there are no ``attrs``.
    var faultOfAttrs: String {
        if let stringFault { return "\(stringFault)" }
        switch allAttrs {
        case 0: return "it has no Attrs"
        case 1: return "its Attrs are not an object"
        default: return "Attrs occurs twice in it"
        }
    }

    /// - Parameter texts: The body, at whose end attributes are put that are not on one line in it.
    mutating func read(_ reader: inout JSONReader, _ texts: inout [UInt8]) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let kind = try reader.peek()
            if reader.matches(key, "To_Account") {
                accounts += 1
                if kind == .string { noteAccount(try reader.string()) } else { try reader.skipValue() }
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
        stringFault = reader.takeStringFault()
    }

    private mutating func noteAccount(_ token: JSONStringToken) {
        lastAccount = token.isFaulty ? nil : token
    }
}
