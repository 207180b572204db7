import JSONTokens

/// A request or, without an id, a notification.
public struct Request: Sendable {
    /// The caller's id; nil for a notification, which is never answered.
    public let id: RequestID?
    /// The method's name.
    public let method: String
    /// The arguments, not looked into yet.
    public let params: Params

    /// Describes a request.
    public init(id: RequestID?, method: String, params: Params) {
        self.id = id
        self.method = method
        self.params = params
    }
}

/// A line as received: one request, a batch of them, or something that is neither.
public enum Message: Sendable {
    /// One object.
    case single(BatchItem)
    /// An array of at least one item, answered by one array.
    case batch([BatchItem])
    /// What is answered by one error whose id is null: no JSON, an empty batch or one that is too long.
    indirect case refused(ErrorObject)
}

/// One object of a line.
public enum BatchItem: Sendable {
    /// A request that keeps to JSON-RPC 2.0.
    case request(Request)
    /// An object that does not (or no object), and the id to answer it with: its own if that can be read, else null.
    indirect case invalid(ErrorObject, id: RequestID)
}

/// The arguments of a request: where they are in its line.
public struct Params: Sendable {
    /// How the arguments are given.
    public enum Form: Sendable { case absent, byName, byPosition }

    /// How they are given.
    public let form: Form
    /// The whole line. It has been checked: reading ``range`` of it meets no syntax error.
    public let line: [UInt8]
    /// The bytes of the object or array in the line; empty when absent.
    public let range: Range<Int>

    /// No arguments.
    public static let absent = Params(form: .absent, line: [], range: 0..<0)

    /// Reads each argument in turn, given by name or by position.
    ///
    /// - Parameters:
    ///   - names: The method's parameters, in the order of the by-position form.
    ///   - read: Gets the index of a parameter in `names` and a reader whose cursor is before its value, which it must pass.
    /// - Throws: `-32602` for an unknown name, one given twice, or too many positions, and for a syntax error from `read`:
    ///   the arguments are JSON, so it means another type than was read. An `ErrorObject` from `read` as it is; any other
    ///   error as `-32603`.
    public func read(_ names: [StaticString], _ read: (Int, inout JSONReader) throws -> Void) throws(ErrorObject) {
        guard form != .absent else { return }
        var reader = JSONReader(line, from: range.lowerBound)
        var path: StaticString = "params"
        do {
            if form == .byName {
                try readObject(names, &reader, &path, read)
            } else {
                try readArray(names, &reader, &path, read)
            }
        } catch let error as ErrorObject {
            throw error
        } catch is JSONSyntaxError {
            throw .invalidParams("wrong type", path: path.description)
        } catch {
            throw ErrorObject(.internalError)
        }
    }

    private func readObject(
        _ names: [StaticString], _ reader: inout JSONReader, _ path: inout StaticString,
        _ read: (Int, inout JSONReader) throws -> Void
    ) throws {
        precondition(names.count <= UInt64.bitWidth, "a method with more params than a word has bits")
        var seen: UInt64 = 0
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let index = names.firstIndex(where: { reader.matches(key, $0) }) else {
                let name = String(decoding: reader.identity(key), as: UTF8.self)
                throw ErrorObject.invalidParams("unknown param; allowed: \(Self.list(names))", path: name)
            }
            path = names[index]
            guard seen & 1 << index == 0 else {
                throw ErrorObject.invalidParams("param given twice", path: path.description)
            }
            seen |= 1 << index
            try read(index, &reader)
        }
    }

    private func readArray(
        _ names: [StaticString], _ reader: inout JSONReader, _ path: inout StaticString,
        _ read: (Int, inout JSONReader) throws -> Void
    ) throws {
        var index = 0
        try reader.beginArray()
        while try reader.nextElement() {
            guard index < names.count else {
                throw ErrorObject.invalidParams(
                    "too many params by position; allowed: \(Self.list(names))", path: "[\(index)]")
            }
            path = names[index]
            try read(index, &reader)
            index += 1
        }
    }

    private static func list(_ names: [StaticString]) -> String {
        names.isEmpty ? "none" : names.map { String(describing: $0) }.joined(separator: ", ")
    }
}
