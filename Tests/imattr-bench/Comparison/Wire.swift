import Glibc

/// How answers follow each other on a connection.
enum Wire: Sendable {
    /// JSON-RPC, one answer a line.
    case lines
    /// HTTP/1.1, answers with a Content-Length.
    case http

    /// The length of the answer that `bytes` begin with; nil if they do not hold its end.
    func answerLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        switch self {
        case .lines: Self.end(of: "\n", in: bytes)
        case .http: Self.httpLength(bytes)
        }
    }

    /// Whether the answer that `bytes` begin with is one, and no error.
    func isRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .lines: bytes.starts(with: #"{"jsonrpc":"2.0","id":1,"result":"#.utf8)
        case .http: bytes.starts(with: "HTTP/1.1 200 ".utf8)
        }
    }

    private static func httpLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let head = end(of: "\r\n\r\n", in: bytes),
            let name = end(of: "\r\nContent-Length: ", in: UnsafeRawBufferPointer(rebasing: bytes[..<head]))
        else { return nil }
        let length = bytes[name...].prefix { $0 != UInt8(ascii: "\r") }.reduce(0) { $0 * 10 + Int($1) - 48 }
        return head + length <= bytes.count ? head + length : nil
    }

    /// Where the first occurrence of `text` ends.
    private static func end(of text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        let length = text.utf8CodeUnitCount
        var position = 0
        while position + length <= bytes.count,
            let found = memchr(start + position, Int32(text.utf8Start.pointee), bytes.count - position - length + 1)
        {
            position = UnsafeRawPointer(found) - start
            if memcmp(found, text.utf8Start, length) == 0 { return position + length }
            position += 1
        }
        return nil
    }
}
