/// Tells a web client that knocked on the wrong door.
enum HTTPGuess {
    private static let methods = [
        "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI",
    ]

    /// Whether a line is an HTTP request line, such as `GET / HTTP/1.1`.
    static func looksLikeHTTP(_ line: [UInt8]) -> Bool {
        // A request line is short; a long line is JSON or nothing.
        guard line.count <= 16384, let first = line.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else {
            return false
        }
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[2].starts(with: "HTTP/".utf8) else { return false }
        return methods.contains { words[0].elementsEqual($0.utf8) }
    }
}
