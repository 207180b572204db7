import AttributeValues
import JSONTokens

/// The body of an answer that keeps to the documented shape (vendor's documentation of `im_get_attr`).
enum GetAttrVerdict {
    /// An entry of `ErrorList` has its `To_Account`, `ErrorCode` and `ErrorInfo`, the last one redacted and cut.
    case ok(CallAnswer)
    case fail(code: Int, info: String?)
}

/// Why a body is not the documented answer.
struct UndocumentedAnswer: Error, Hashable {
    let reason: String
}

extension GetAttrVerdict {
    /// Levels that a body may have. In the daemon's own answer, at most in a batch, there are two more around `Attrs`,
    /// and whoever reads it may stop at the same number of levels as we do.
    static let depthLimit = JSONReader.maximumDepth - 2

    /// Reads a body in one pass. `Attrs` are cut out as they stand, not decoded.
    init(body: [UInt8], requested: [Account], redactor: Redactor) throws(UndocumentedAnswer) {
        do {
            self = try Self.read(JSONReader(body, depthLimit: Self.depthLimit), requested, redactor)
        } catch let error as UndocumentedAnswer {
            throw error
        } catch let error as JSONSyntaxError {
            throw UndocumentedAnswer(reason: "not JSON: \(error)")
        } catch {
            throw UndocumentedAnswer(reason: "unreadable")
        }
    }

    private static func read(
        _ body: JSONReader, _ requested: [Account], _ redactor: Redactor
    ) throws -> GetAttrVerdict {
        var reader = body
        var members = AnswerMembers(body: body.bytes, requested: requested, redactor: redactor)
        guard try reader.peek() == .object else { throw UndocumentedAnswer(reason: "not an object") }
        try reader.beginObject()
        while let key = try reader.nextKey() { try members.read(key, &reader) }
        try reader.finish()
        return try members.verdict
    }
}
