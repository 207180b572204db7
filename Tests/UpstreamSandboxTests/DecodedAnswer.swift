import FoundationEssentials
import Testing

/// A sandbox's JSON as a test reads it.
struct DecodedAnswer: Decodable {
    struct User: Decodable {
        var To_Account: String
        var Attrs: [String: String]
    }

    struct Problem: Decodable {
        var To_Account: String
        var ErrorCode: Int
        var ErrorInfo: String
    }

    var ActionStatus: String
    var ErrorInfo: String
    var ErrorCode: Int
    var UserAttrs: [User]?
    var ErrorList: [Problem]?

    init(_ answer: RawAnswer) throws {
        try #require(answer.status == 200)
        try self.init(body: answer.body)
    }

    init(body: [UInt8]) throws {
        self = try JSONDecoder().decode(DecodedAnswer.self, from: Data(body))
    }
}
