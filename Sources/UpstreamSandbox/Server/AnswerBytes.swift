import NIOHTTP1

/// An HTTP answer as bytes.
enum AnswerBytes {
    /// The answer with this head and body.
    static func of(_ head: HTTPResponseHead, body: [UInt8]) -> [UInt8] {
        let fields = head.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n\(fields)\r\n".utf8) + body
    }
}
