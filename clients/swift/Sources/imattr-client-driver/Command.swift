import IMAttrClient
import JSONTokens

/// One line of input.
struct Command: Sendable {
    var verb = ""
    var call = ""
    var socket: String?
    var accounts: [Account] = []
    var count: Int?
    var prefix = ""
    var batch = 500
    var inFlight = 32
    var timeout: Duration = .seconds(30)
    var maxAge: Duration?
    var partial = false
    var pauseAfter: Int?
    var method = ""
    var params: [UInt8]?
    var loop = ""

    /// What is asked for: those that are listed, or `count` that are made as they are asked for.
    var input: any Sequence<Account> {
        guard let count else { return accounts }
        let prefix = prefix
        return (0..<count).lazy.map { Account("\(prefix)\($0)") }
    }

    init(_ line: String) throws {
        var reader = JSONReader(Array(line.utf8))
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch reader.decode(key) {
            case "do": verb = try reader.text()
            case "call": call = try reader.text()
            case "socket": socket = try reader.text()
            case "accounts": accounts = try reader.texts().map { Account($0) }
            case "count": count = try reader.whole()
            case "prefix": prefix = try reader.text()
            case "batch": batch = try reader.whole()
            case "inFlight": inFlight = try reader.whole()
            case "timeoutMs": timeout = .milliseconds(try reader.whole())
            case "maxAgeMs": maxAge = .milliseconds(try reader.whole())
            case "partial": partial = try reader.truth()
            case "pauseAfter": pauseAfter = try reader.whole()
            case "method": method = try reader.text()
            case "params": params = try reader.compactValue()
            case "of": loop = try reader.text()
            default: try reader.skipValue()
            }
        }
        try reader.finish()
    }
}

/// A command has not the shape that the driver's page gives it.
struct CommandError: Error {}

extension JSONReader {
    fileprivate mutating func text() throws -> String {
        guard let text = decode(try string()) else { throw CommandError() }
        return text
    }

    fileprivate mutating func texts() throws -> [String] {
        var texts: [String] = []
        try beginArray()
        while try nextElement() { texts.append(try text()) }
        return texts
    }

    fileprivate mutating func truth() throws -> Bool {
        guard try peek() == .boolean else { throw CommandError() }
        return bytes[try skipValue().lowerBound] == UInt8(ascii: "t")
    }

    fileprivate mutating func whole() throws -> Int {
        guard let value = try integer() else { throw CommandError() }
        return Int(value)
    }
}
