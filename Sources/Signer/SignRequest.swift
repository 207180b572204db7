import JSONTokens

/// A request for a UserSig, as it is read from a line. A value without input or output.
///
/// Nothing but the one method without params is understood: a client can choose neither name nor time.
struct SignRequest: Hashable, Sendable {
    /// The one method there is.
    static let method = "sign"

    /// The id, as it was written.
    let id: [UInt8]

    /// Why a line is none.
    struct Refusal: Error, Hashable, Sendable {
        /// The request's id, as it was written; nil if it has none that can be used.
        var id: [UInt8]?
        /// An error code of JSON-RPC.
        let code: Int
        /// A fixed text: nothing of the line is in it.
        let message: String
    }

    /// Reads one line without its end.
    init(line: [UInt8]) throws(Refusal) {
        let members: Members
        do throws(JSONSyntaxError) {
            members = try Members(line)
        } catch {
            throw Refusal(code: -32700, message: "the line is not JSON")
        }
        if let fault = members.fault { throw members.refusal(-32600, fault.rawValue) }
        guard members.hasVersion else { throw members.refusal(-32600, "jsonrpc must be \"2.0\"") }
        guard let id = members.id else { throw members.refusal(-32600, "id must be there, and a string or a number") }
        if members.hasParams { throw members.refusal(-32602, "sign has no params") }
        guard members.isSign else { throw members.refusal(-32601, "there is only sign") }
        self.id = id
    }

    /// The members of a request object, before they are judged together.
    private struct Members {
        enum Fault: String {
            case notAnObject = "a request must be one object"
            case repeatedMember = "a member is there twice"
            case unknownMember = "only jsonrpc, id and method may be there"
        }

        var fault: Fault?
        var id: [UInt8]?
        var hasVersion = false
        var hasParams = false
        var isSign = false

        init(_ line: [UInt8]) throws(JSONSyntaxError) {
            var reader = JSONReader(line)
            if try reader.peek() == .object {
                try readObject(&reader)
            } else {
                try reader.skipValue()
                fault = .notAnObject
            }
            try reader.finish()
        }

        func refusal(_ code: Int, _ message: String) -> Refusal { Refusal(id: id, code: code, message: message) }

        private mutating func readObject(_ reader: inout JSONReader) throws(JSONSyntaxError) {
            var seen: Set<[UInt8]> = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if !seen.insert(reader.identity(key)).inserted { fault = .repeatedMember }
                let kind = try reader.peek()
                let value = try reader.skipValue()
                if reader.matches(key, "jsonrpc") {
                    hasVersion = line(reader, value, is: "\"2.0\"")
                } else if reader.matches(key, "id") {
                    id = kind == .string || kind == .number ? Array(reader.bytes[value]) : nil
                } else if reader.matches(key, "method") {
                    isSign = line(reader, value, is: "\"\(SignRequest.method)\"")
                } else if reader.matches(key, "params") {
                    hasParams = true
                } else if fault == nil {
                    fault = .unknownMember
                }
            }
        }

        private func line(_ reader: JSONReader, _ value: Range<Int>, is text: String) -> Bool {
            reader.bytes[value].elementsEqual(text.utf8)
        }
    }
}
