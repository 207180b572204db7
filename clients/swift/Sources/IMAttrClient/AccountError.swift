import JSONTokens

/// What upstream said about one account: an entry of `ErrorList`.
public struct AccountError: Hashable, Sendable {
    /// Whose entry it is; nil if it does not say.
    public let account: Account?
    /// Upstream's `ErrorCode`, if it is there and an integer.
    public let code: Int64?
    /// Upstream's `ErrorInfo`, if it is there and a text.
    public let info: String?
    /// The whole entry, a JSON object as upstream wrote it.
    public let json: [UInt8]

    /// An entry of which nothing is understood.
    init(json: [UInt8]) { (account, code, info, self.json) = (nil, nil, nil, json) }

    /// Reads an entry; only that it is an object is asked of it.
    init(_ reader: inout JSONReader) throws {
        var (account, code, info): (String?, Int64?, String?) = (nil, nil, nil)
        _ = try reader.peek()
        let start = reader.position
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "To_Account") {
                account = try reader.stringIfAny()
            } else if reader.matches(key, "ErrorCode") {
                code = try reader.integerIfAny()
            } else if reader.matches(key, "ErrorInfo") {
                info = try reader.stringIfAny()
            } else {
                try reader.skipValue()
            }
        }
        self.account = account.map { Account($0) }
        self.code = code
        self.info = info
        json = Array(reader.bytes[start..<reader.position])
    }
}
