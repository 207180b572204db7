import JSONTokens
import UserSig

/// What the signer answers to a request. A value without input or output.
enum SignerAnswer: Equatable, Sendable {
    case issued(IssuedSignature)
    /// - Parameter isMisconfigured: Whether it has no usable key or configuration.
    case refused(isMisconfigured: Bool, message: String)

    /// The one request there is, with the end of its line.
    static let request = Array(#"{"jsonrpc":"2.0","id":1,"method":"sign"}"#.utf8) + [UInt8(ascii: "\n")]
    /// Bytes that an answer may have: far more than a UserSig of the longest account.
    static let maximumLength = 16 << 10
    /// The code of a signer without a usable key or configuration.
    private static let misconfigured = -32005

    /// Reads a line without its end; nil if it is no answer.
    init?(line: [UInt8]) {
        do throws(JSONSyntaxError) {
            guard let answer = try Self.read(line) else { return nil }
            self = answer
        } catch { return nil }
    }

    private static func read(_ line: [UInt8]) throws(JSONSyntaxError) -> SignerAnswer? {
        var reader = JSONReader(line)
        var answer: SignerAnswer?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "result"), try reader.peek() == .object {
                answer = try IssuedSignature(&reader).map(SignerAnswer.issued)
            } else if reader.matches(key, "error"), try reader.peek() == .object {
                answer = try error(&reader)
            } else {
                try reader.skipValue()
            }
        }
        try reader.finish()
        return answer
    }

    private static func error(_ reader: inout JSONReader) throws(JSONSyntaxError) -> SignerAnswer {
        var (code, message): (Int64?, String?)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "code") {
                code = try reader.integer()
            } else if reader.matches(key, "message") {
                message = try reader.text()
            } else {
                try reader.skipValue()
            }
        }
        return .refused(isMisconfigured: code.map(Int.init) == misconfigured, message: message ?? "no reason given")
    }
}

/// A UserSig of the signer, with what it says it is for.
struct IssuedSignature: Equatable, Sendable {
    var signature: UserSig
    /// Seconds since 1970.
    var issuedAt: Int64
    var sdkAppID: UInt64
    var admin: String

    /// Seconds that it is valid in all.
    var lifetime: Int64 { signature.expiresAt - issuedAt }

    init(signature: UserSig, issuedAt: Int64, sdkAppID: UInt64, admin: String) {
        self.signature = signature
        self.issuedAt = issuedAt
        self.sdkAppID = sdkAppID
        self.admin = admin
    }

    /// Reads the result of an answer; nil if it is none.
    fileprivate init?(_ reader: inout JSONReader) throws(JSONSyntaxError) {
        var (text, admin): (String?, String?)
        var (issuedAt, expiresAt, app): (Int64?, Int64?, Int64?)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "userSig") {
                text = try reader.text()
            } else if reader.matches(key, "admin") {
                admin = try reader.text()
            } else if reader.matches(key, "issuedAt") {
                issuedAt = try reader.integer()
            } else if reader.matches(key, "expiresAt") {
                expiresAt = try reader.integer()
            } else if reader.matches(key, "sdkAppId") {
                app = try reader.integer()
            } else {
                try reader.skipValue()
            }
        }
        guard let text, Self.isUserSig(text), let admin, let issuedAt, let expiresAt, let app, app > 0,
            0 < issuedAt, issuedAt < expiresAt, expiresAt < Self.endOfTime
        else { return nil }
        self.init(
            signature: UserSig(text: text, expiresAt: expiresAt), issuedAt: issuedAt, sdkAppID: UInt64(app),
            admin: admin)
    }

    /// The year 2242, in seconds since 1970. What is later is nonsense, and could not be counted in nanoseconds.
    private static let endOfTime: Int64 = 1 << 33

    /// Whether it is made of the characters that a UserSig has. It goes into a URL as it is.
    private static func isUserSig(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

extension JSONReader {
    /// Passes the next value.
    /// - Returns: Its text, if it is a string that has one.
    fileprivate mutating func text() throws(JSONSyntaxError) -> String? {
        guard try peek() == .string else {
            try skipValue()
            return nil
        }
        return decode(try string())
    }

    /// Passes the next value.
    /// - Returns: It, if it is an integer that is written as one.
    fileprivate mutating func integer() throws(JSONSyntaxError) -> Int64? {
        Int64(String(decoding: bytes[try skipValue()], as: UTF8.self))
    }
}
