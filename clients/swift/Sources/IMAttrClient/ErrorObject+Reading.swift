import JSONRPC
import JSONTokens

extension ErrorObject {
    /// Reads the error of an answer. Only `code` and `message` must be there; what is not understood in `data` is
    /// passed over, because more may come with later daemons.
    init(_ reader: inout JSONReader) throws {
        var code: Int64?
        var message: String?
        var data: Range<Int>?
        guard try reader.peek() == .object else { throw IMAttrError.protocol("an error that is no object") }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "code") {
                code = try reader.integerIfAny()
            } else if reader.matches(key, "message") {
                message = try reader.stringIfAny()
            } else if reader.matches(key, "data"), try reader.peek() == .object {
                data = try reader.skipValue()
            } else {
                try reader.skipValue()
            }
        }
        guard let code, let message else { throw IMAttrError.protocol("an error without code or message") }
        self.init(code: Int(code), message: message)
        if let data { try readData(JSONReader(reader.bytes, from: data.lowerBound)) }
    }

    private mutating func readData(_ data: JSONReader) throws(JSONSyntaxError) {
        var reader = data
        var limitName: String?
        var limitValue: Int64?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch reader.decode(key) {
            case "source": source = try reader.stringIfAny().flatMap(Source.init) ?? .daemon
            case "retryable": retryable = try reader.booleanIfAny() ?? false
            case "ErrorInfo": errorInfo = try reader.stringIfAny()
            case "attempts": attempts = try reader.integerIfAny().map(Int.init)
            case "retryAfterMs": retryAfterMs = try reader.integerIfAny()
            case "path": path = try reader.stringIfAny()
            case "limit": limitValue = try reader.integerIfAny()
            case "limitName": limitName = try reader.stringIfAny()
            case "fetched": fetched = try reader.integerIfAny().map(Int.init)
            case "failed": failed = try reader.elementsIfAny()
            case "callId": callID = try reader.stringIfAny()
            case "random": random = try reader.integerIfAny().flatMap { UInt32(exactly: $0) }
            case "clockSkewSeconds": clockSkewSeconds = try reader.integerIfAny()
            default: try reader.skipValue()
            }
        }
        if let limitName, let limitValue { limit = Limit(limitName, Int(limitValue)) }
    }
}

/// Values that are passed over when they are of another kind than expected.
extension JSONReader {
    mutating func stringIfAny() throws(JSONSyntaxError) -> String? {
        guard try passUnless(.string) else { return nil }
        return decode(try string())
    }

    mutating func integerIfAny() throws(JSONSyntaxError) -> Int64? {
        guard try passUnless(.number) else { return nil }
        return try integer()
    }

    mutating func booleanIfAny() throws(JSONSyntaxError) -> Bool? {
        guard try passUnless(.boolean) else { return nil }
        return bytes[try skipValue().lowerBound] == UInt8(ascii: "t")
    }

    mutating func elementsIfAny() throws(JSONSyntaxError) -> [[UInt8]]? {
        guard try passUnless(.array) else { return nil }
        var elements: [[UInt8]] = []
        try beginArray()
        while try nextElement() { elements.append(Array(bytes[try skipValue()])) }
        return elements
    }

    private mutating func passUnless(_ expected: Kind) throws(JSONSyntaxError) -> Bool {
        if try peek() == expected { return true }
        try skipValue()
        return false
    }
}
