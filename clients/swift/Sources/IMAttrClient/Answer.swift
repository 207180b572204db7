import JSONRPC
import JSONTokens

/// One line from the daemon: the answer to a request.
struct Answer: Sendable {
    /// The request's id as it is in the line.
    let id: RequestID
    let outcome: Result<JSONSlice, ErrorObject>

    /// Reads a line without its end.
    ///
    /// - Throws: ``IMAttrError/protocol(_:)`` if it is no answer of JSON-RPC 2.0.
    init(line: [UInt8]) throws(IMAttrError) {
        var members = Members()
        do {
            var reader = JSONReader(line)
            guard try reader.peek() == .object else { throw IMAttrError.protocol("a line that is no object") }
            try members.read(&reader)
            try reader.finish()
        } catch let error as IMAttrError {
            throw error
        } catch {
            throw .protocol("a line that is not JSON: \(error)")
        }
        guard members.isVersion2, let id = members.id else {
            throw .protocol("an object that is no answer of JSON-RPC 2.0")
        }
        self.id = id
        switch (members.result, members.error) {
        case (let result?, nil): outcome = .success(JSONSlice(line: line, range: result))
        case (nil, let error?): outcome = .failure(error)
        default: throw .protocol("an answer that has not either a result or an error")
        }
    }
}

extension Answer {
    /// The call it is for; nil if the id is none that the client has made.
    var callID: Int? { Int(String(id.token)) }
}

/// The members of an answer, before they are judged together.
private struct Members {
    var isVersion2 = false
    var id: RequestID?
    var result: Range<Int>?
    var error: ErrorObject?

    mutating func read(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "jsonrpc") {
                isVersion2 = try reader.stringIfAny() == "2.0"
            } else if reader.matches(key, "id") {
                id = RequestID(token: reader.bytes[try reader.skipValue()])
            } else if reader.matches(key, "result") {
                // The daemon passes on what upstream may nest as deep as a whole answer can be.
                result = try reader.skipEnclosedValue()
            } else if reader.matches(key, "error") {
                error = try ErrorObject(&reader)
            } else {
                try reader.skipValue()
            }
        }
    }
}
