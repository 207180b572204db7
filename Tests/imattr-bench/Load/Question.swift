import Glibc
import NIOCore

/// A request, mostly `getAttrs`, and what a right answer to it looks like, byte for byte.
struct Question: Sendable {
    /// How many accounts it asks for.
    let size: Int
    private let request: String
    private let result: String

    /// Asks for distinct accounts, whose names need no escape in JSON, with white space at the end of its line.
    init(accounts: [String], timeoutMs: Int, padding: String = "") {
        size = accounts.count
        let names = accounts.map { "\"\($0)\"" }
        let params = #"{"To_Account":[\#(names.joined(separator: ","))],"timeoutMs":\#(timeoutMs)}"#
        request = #""method":"getAttrs","params":\#(params)"# + padding
        // The sandbox gives each account its own name, so that a mix-up shows.
        let entries = names.map { #"{"To_Account":\#($0),"Attrs":{"account":\#($0)}}"# }
        // The object's end is left open: it may get more members, but none of these may change.
        result = #"{"UserAttrs":[\#(entries.joined(separator: ","))],"missing":[]"#
    }

    private init(request: String, result: String) {
        size = 0
        self.request = request
        self.result = result
    }

    static let ping = Question(request: #""method":"ping""#, result: #""pong"}"#)

    func line(id: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),\#(request)}"# + "\n"
    }

    /// Whether `line` is the answer to the question that was asked with `id`.
    func isAnswered(by line: ByteBuffer, id: Int) -> Bool {
        let right = Array(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)"#.utf8)
        return line.withUnsafeReadableBytes { bytes in
            guard bytes.count >= right.count, let start = bytes.baseAddress else { return false }
            return memcmp(start, right, right.count) == 0
        }
    }
}
