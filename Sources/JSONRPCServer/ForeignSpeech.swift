/// A protocol that a client has taken this socket for, as its first line shows.
enum ForeignSpeech: Equatable {
    case http
    /// JSON-RPC with a header before each message, as the Language Server Protocol frames it.
    case headerFraming

    /// A line of another protocol is short; a long line is JSON, or none of these.
    private static let longestLine = 16384
    private static let methods = [
        "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI",
    ]
    private static let headers = ["content-length:", "content-type:"]

    /// What a client speaks that begins with this line; nil if that can be JSON-RPC in lines.
    init?(firstLine line: [UInt8]) {
        guard line.count <= Self.longestLine, let first = line.first, first != UInt8(ascii: "{"),
            first != UInt8(ascii: "[")
        else { return nil }
        if Self.isRequestLine(line) {
            self = .http
        } else if Self.isHeader(line) {
            self = .headerFraming
        } else {
            return nil
        }
    }

    /// Such as `GET / HTTP/1.1`.
    private static func isRequestLine(_ line: [UInt8]) -> Bool {
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[2].starts(with: "HTTP/".utf8) else { return false }
        return methods.contains { words[0].elementsEqual($0.utf8) }
    }

    /// Such as `Content-Length: 52`.
    private static func isHeader(_ line: [UInt8]) -> Bool {
        headers.contains { header in
            line.count >= header.utf8.count
                && zip(line, header.utf8).allSatisfy { $0 == $1 || ($0 | 0x20 == $1 && $1 >= UInt8(ascii: "a")) }
        }
    }

    /// What an HTTP client gets, without the line feed at the end of the body, which is counted in it.
    static let httpAnswer: [UInt8] = {
        let hint = """
            this socket speaks line-delimited JSON-RPC 2.0, not HTTP: send one request a line, for example with
            printf '{"jsonrpc":"2.0","id":1,"method":"ping"}\\n' | nc -U -N SOCKET
            """
        let head = [
            "HTTP/1.1 400 Bad Request", "Content-Type: text/plain; charset=utf-8",
            "Content-Length: \(hint.utf8.count + 1)", "Connection: close", "", "",
        ]
        return Array((head.joined(separator: "\r\n") + hint).utf8)
    }()
}
