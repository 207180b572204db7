import JSONTokens

extension Message {
    /// Items that a batch may have.
    public static let maximumBatchLength = 1000
    /// Members that a request may have which JSON-RPC does not know. They are ignored, but their names are
    /// kept while the line is read, to see that none comes twice.
    public static let maximumOtherMembers = 100

    /// Reads one line (without its end) in one pass. Never fails: what cannot be understood is ``refused(_:)``.
    public init(line: [UInt8]) {
        var reader = JSONReader(line)
        do {
            let kind = try reader.peek()
            self = kind == .array ? try Self.batch(&reader) : .single(try BatchItem(&reader))
            try reader.finish()
        } catch {
            self = .refused(ErrorObject(.parseError, error.description))
        }
    }

    private static func batch(_ reader: inout JSONReader) throws(JSONSyntaxError) -> Message {
        var items: [BatchItem] = []
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
            count += 1
            // What is too much is still checked for being JSON, but not kept.
            if count > maximumBatchLength { try reader.skipValue() } else { items.append(try BatchItem(&reader)) }
        }
        if count == 0 { return .refused(ErrorObject(.invalidRequest, "a batch must have at least one item")) }
        guard count <= maximumBatchLength else {
            let text = "a batch of \(count) items; at most \(maximumBatchLength) are allowed"
            var error = ErrorObject(.invalidRequest, text)
            error.limit = .init("maxBatchLength", maximumBatchLength)
            return .refused(error)
        }
        return .batch(items)
    }
}

extension BatchItem {
    fileprivate init(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        guard try reader.peek() == .object else {
            try reader.skipValue()
            self = .invalid(ErrorObject(.invalidRequest, "a request must be an object"), id: .null)
            return
        }
        var envelope = try Envelope(&reader)
        self = envelope.takeItem()
    }
}

/// The members of a request object as they were read, before they are judged together.
private struct Envelope {
    private var version: Bool?
    private var id: RequestID?
    private var method: String??
    private var params: Params??
    private var otherKeys: Set<[UInt8]> = []
    /// The first one. A member of its own would make every envelope large.
    private var faults: [ErrorObject] = []
    private var idIsReadable = true

    init(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "jsonrpc") {
                try readVersion(&reader)
            } else if reader.matches(key, "id") {
                try readID(&reader)
            } else if reader.matches(key, "method") {
                try readMethod(&reader)
            } else if reader.matches(key, "params") {
                try readParams(&reader)
            } else {
                try skipOther(key, &reader)
            }
        }
    }

    /// What is understood, or the first fault with the id to answer it with. It is moved out: nearly all lines are requests, and a copy
    /// would count references up and down.
    mutating func takeItem() -> BatchItem {
        guard isRequest, let method = method.take() ?? nil, let params = params.take() ?? .absent else {
            return .invalid(fault, id: idIsReadable ? id ?? .null : .null)
        }
        return .request(Request(id: id.take(), method: method, params: params))
    }

    private var isRequest: Bool {
        guard faults.isEmpty, version == true, case .some(.some) = method else { return false }
        if case .some(.none) = params { return false }
        return true
    }

    private var fault: ErrorObject {
        if let fault = faults.first { return fault }
        if version != true { return ErrorObject(.invalidRequest, "\"jsonrpc\" must be \"2.0\"") }
        if case .some(.some) = method {
            return ErrorObject(.invalidRequest, "\"params\" must be an object or an array")
        }
        return ErrorObject(.invalidRequest, "\"method\" must be a string")
    }

    private mutating func readVersion(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        if version != nil { note("\"jsonrpc\" occurs twice") }
        guard try reader.peek() == .string else {
            try reader.skipValue()
            version = false
            return
        }
        let token = try reader.string()
        version = reader.matches(token, "2.0")
    }

    private mutating func readID(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        let kind = try reader.peek()
        let token = try reader.skipValue()
        if id != nil || !idIsReadable {
            idIsReadable = false
            note("\"id\" occurs twice")
        } else if kind == .object || kind == .array || kind == .boolean {
            idIsReadable = false
            note("\"id\" must be a string, a number or null")
        } else if token.count > RequestID.maximumLength {
            idIsReadable = false
            note("\"id\" has \(token.count) bytes", limit: .init("maxIdLength", RequestID.maximumLength))
        } else {
            id = RequestID(token: token, of: reader.bytes)
        }
    }

    private mutating func readMethod(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        if method != nil { note("\"method\" occurs twice") }
        guard try reader.peek() == .string else {
            try reader.skipValue()
            method = .some(nil)
            return
        }
        let token = try reader.string()
        // A name with a lone surrogate is a string all the same, and the name of no method.
        method = .some(reader.decode(token) ?? "\u{FFFD}")
    }

    private mutating func readParams(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        if params != nil { note("\"params\" occurs twice") }
        let kind = try reader.peek()
        let range = try reader.skipValue()
        switch kind {
        case .object: params = .some(Params(form: .byName, line: reader.bytes, range: range))
        case .array: params = .some(Params(form: .byPosition, line: reader.bytes, range: range))
        default: params = .some(nil)
        }
    }

    private mutating func skipOther(_ key: JSONStringToken, _ reader: inout JSONReader) throws(JSONSyntaxError) {
        // One fault is enough: what comes after it is only checked for being JSON.
        if faults.isEmpty { remember(reader.identity(key)) }
        try reader.skipValue()
    }

    private mutating func remember(_ key: [UInt8]) {
        if otherKeys.count == Message.maximumOtherMembers {
            note("too many unknown members", limit: .init("maxOtherMembers", Message.maximumOtherMembers))
        } else if !otherKeys.insert(key).inserted {
            note("a member occurs twice")
        }
    }

    /// Keeps the first fault.
    private mutating func note(_ text: String, limit: ErrorObject.Limit? = nil) {
        guard faults.isEmpty else { return }
        var error = ErrorObject(.invalidRequest, limit.map { "\(text); at most \($0.value) are allowed" } ?? text)
        error.limit = limit
        faults.append(error)
    }
}
