import JSONTokens

/// A value of a known type in the daemon's status.
protocol StatusValue {
    init(status reader: inout JSONReader) throws
}

/// An object of the daemon's status. What it does not say keeps its default, and what is not known is passed over.
protocol StatusObject: StatusValue {
    init()
    /// Reads the value of a member; false, with nothing read, if it is not known.
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool
}

extension StatusObject {
    init(status reader: inout JSONReader) throws {
        self.init()
        try reader.beginObject()
        while let token = try reader.nextKey() {
            guard let key = reader.decode(token), try read(key, &reader) else {
                try reader.skipValue()
                continue
            }
        }
    }
}

/// A value of another type than the daemon's schema has.
private func mismatch(_ expected: String) -> IMAttrError {
    .protocol("a status in which \(expected) is something else")
}

extension JSONReader {
    mutating func statusValue<Value: StatusValue>() throws -> Value { try Value(status: &self) }
}

extension String: StatusValue {
    init(status reader: inout JSONReader) throws {
        guard let text = try reader.stringIfAny() else { throw mismatch("a text") }
        self = text
    }
}

extension Int: StatusValue {
    init(status reader: inout JSONReader) throws {
        guard let number = try reader.integerIfAny() else { throw mismatch("an integer") }
        self = Int(number)
    }
}

extension Double: StatusValue {
    init(status reader: inout JSONReader) throws {
        let text = String(decoding: reader.bytes[try reader.number()], as: UTF8.self)
        guard let number = Double(text) else { throw mismatch("a number") }
        self = number
    }
}

extension Bool: StatusValue {
    init(status reader: inout JSONReader) throws {
        guard let truth = try reader.booleanIfAny() else { throw mismatch("a boolean") }
        self = truth
    }
}

extension Optional: StatusValue where Wrapped: StatusValue {
    init(status reader: inout JSONReader) throws {
        if try reader.peek() == .null {
            try reader.skipValue()
            self = nil
        } else {
            self = try Wrapped(status: &reader)
        }
    }
}

extension Array: StatusValue where Element: StatusValue {
    init(status reader: inout JSONReader) throws {
        self = []
        try reader.beginArray()
        while try reader.nextElement() { append(try Element(status: &reader)) }
    }
}

extension Dictionary: StatusValue where Key == String, Value: StatusValue {
    init(status reader: inout JSONReader) throws {
        self = [:]
        try reader.beginObject()
        while let token = try reader.nextKey() {
            let key = reader.decode(token) ?? ""
            self[key] = try Value(status: &reader)
        }
    }
}

extension Status {
    /// Reads what the daemon answered.
    ///
    /// - Throws: ``IMAttrError/protocol(_:)`` if it has not the promised shape.
    init(_ result: JSONSlice) throws(IMAttrError) {
        var reader = result.reader
        do {
            try self.init(status: &reader)
        } catch let error as IMAttrError {
            throw error
        } catch {
            throw .protocol("a status that is not of its shape: \(error)")
        }
        json = result.bytes
    }
}
