import AttributeValues
import JSONTokens

/// What the body of an answer says (vendor's documentation of `im_get_attr`).
enum GetAttrVerdict {
    /// An entry of `ErrorList` has its `To_Account`, `ErrorCode` and `ErrorInfo`, the last one redacted and cut.
    case ok(CallAnswer)
    /// - Parameter unrequested: Entries for accounts that the call did not ask for.
    case fail(code: Int, info: String?, unrequested: Int)

    /// Whether every account in it is one that the call asked for. If not, the answer may be another call's.
    var isForTheCall: Bool {
        switch self {
        case .ok(let answer): answer.unrequested == 0
        case .fail(_, _, let unrequested): unrequested == 0
        }
    }
}

/// Why a body as a whole is not a documented answer.
enum UndocumentedAnswer: Error, Hashable {
    /// All its entries are for accounts that were not asked for: it may be the answer to another call.
    case isForOthers
    case isUnusable(String)

    /// The reason, for a person.
    var reason: String {
        switch self {
        case .isForOthers: "its entries are for accounts that were not asked for"
        case .isUnusable(let reason): reason
        }
    }
}

extension GetAttrVerdict {
    /// Levels that a body may have. In the daemon's own answer, at most in a batch, there are two more around `Attrs`,
    /// and its reader may stop at the same number of levels as we do.
    static let depthLimit = JSONReader.maximumDepth - 2

    /// Reads a body in one pass. `Attrs` are cut out as they are, not decoded.
    ///
    /// What is wrong inside an entry of a list stays with that entry; what is wrong elsewhere, or with the structure of
    /// the text, makes the whole answer unusable.
    /// - Parameter call: Which the failures of single accounts carry.
    init(body: [UInt8], _ call: CallKey, requested: [Account], redactor: Redactor) throws(UndocumentedAnswer) {
        do {
            self = try Self.read(
                JSONReader(body, depthLimit: Self.depthLimit, toleratesFaultyStrings: true),
                AnswerMembers(body: body, call, requested: requested, redactor: redactor))
        } catch let error as UndocumentedAnswer {
            throw error
        } catch let error as JSONSyntaxError {
            throw UndocumentedAnswer.isUnusable("not JSON: \(error)")
        } catch {
            throw UndocumentedAnswer.isUnusable("unreadable")
        }
    }

    private static func read(_ body: JSONReader, _ noMembers: AnswerMembers) throws -> GetAttrVerdict {
        var reader = body
        var members = noMembers
        guard try reader.peek() == .object else { throw UndocumentedAnswer.isUnusable("not an object") }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            try members.read(key, &reader)
            // Those of entries have been taken.
            if let fault = reader.takeStringFault() { throw fault }
        }
        try reader.finish()
        return try members.verdict
    }
}
