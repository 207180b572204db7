import JSONTokens

/// The answer to one `getAttrs`.
public struct GetAttrsResult: Hashable, Sendable {
    /// One account with its attributes.
    public struct UserAttributes: Hashable, Sendable {
        /// Whose they are.
        public let account: Account
        /// The attributes as upstream wrote them.
        public let attrs: Attrs

        /// Puts both together.
        public init(account: Account, attrs: Attrs) {
            self.account = account
            self.attrs = attrs
        }
    }

    /// The accounts that upstream answered, each once, in the order of their first mention in the request.
    public var userAttrs: [UserAttributes] = []
    /// The other accounts, in the same order.
    public var missing: [Account] = []
    /// What upstream said about missing accounts.
    public var errorList: [AccountError] = []
    /// The accounts that failed, in the same order; empty unless the call was made with `partial`.
    public var failed: [FailedAccount] = []

    /// An answer without any account.
    public init() {}
}

extension GetAttrsResult {
    /// Reads a result's JSON text, as ``IMAttrClient/call(_:params:timeout:)`` gives it.
    ///
    /// - Throws: ``IMAttrError/protocol(_:)`` if it has not the promised shape.
    public init(json: [UInt8]) throws(IMAttrError) { try self.init(JSONSlice(line: json, range: 0..<json.count)) }

    /// Reads a result's JSON text; fields it does not know are passed over.
    ///
    /// - Throws: ``IMAttrError/protocol(_:)`` if it has not the promised shape.
    init(_ result: JSONSlice) throws(IMAttrError) {
        var reader = result.reader
        do {
            try read(&reader)
        } catch let error as IMAttrError {
            throw error
        } catch {
            throw .protocol("a result of getAttrs that is not of its shape: \(error)")
        }
    }

    private mutating func read(_ reader: inout JSONReader) throws {
        var isComplete = (userAttrs: false, missing: false)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "UserAttrs") {
                try reader.beginArray()
                while try reader.nextElement() { userAttrs.append(try UserAttributes(&reader)) }
                isComplete.userAttrs = true
            } else if reader.matches(key, "missing") {
                try reader.beginArray()
                while try reader.nextElement() { missing.append(try Account(&reader)) }
                isComplete.missing = true
            } else if reader.matches(key, "ErrorList") {
                try reader.beginArray()
                while try reader.nextElement() { errorList.append(try AccountError(&reader)) }
            } else if reader.matches(key, "failed") {
                try reader.beginArray()
                while try reader.nextElement() { failed.append(try FailedAccount(&reader)) }
            } else {
                try reader.skipValue()
            }
        }
        guard isComplete == (true, true) else {
            throw IMAttrError.protocol("a result of getAttrs without UserAttrs or missing")
        }
    }
}

extension GetAttrsResult.UserAttributes {
    fileprivate init(_ reader: inout JSONReader) throws {
        var account: Account?
        var attrs: Attrs?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "To_Account") {
                account = try Account(&reader)
            } else if reader.matches(key, "Attrs"), try reader.peek() == .object {
                attrs = Attrs(json: Array(reader.bytes[try reader.skipValue()]))
            } else {
                try reader.skipValue()
            }
        }
        guard let account, let attrs else {
            throw IMAttrError.protocol("an entry of UserAttrs without To_Account or Attrs")
        }
        self.init(account: account, attrs: attrs)
    }
}

extension Account {
    init(_ reader: inout JSONReader) throws {
        guard let text = reader.decode(try reader.string()) else {
            throw IMAttrError.protocol("an account that is not Unicode text")
        }
        self.init(text)
    }
}
