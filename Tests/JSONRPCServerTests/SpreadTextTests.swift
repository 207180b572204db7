import Testing

@testable import JSONRPCServer

/// A request over several lines is refused once.
struct SpreadTextTests {
    /// What comes of the lines of a text: which of them are its own, and whether it has ended.
    private func taken(_ text: String) -> (lines: Int, hasEnded: Bool)? {
        let lines = text.split(separator: "\n").map { Array($0.utf8) }
        guard var spread = SpreadText(firstLine: lines[0]) else { return nil }
        var count = 1
        while count < lines.count, !spread.hasEnded, spread.take(lines[count]) { count += 1 }
        return (count, spread.hasEnded)
    }

    @Test(arguments: [
        "{\n  \"jsonrpc\": \"2.0\",\n  \"params\": {\n    \"To_Account\": [\n      \"a\",\n      \"}\"\n    ]\n  }\n}",
        "[\n\t{\n\t\t\"x\": \"\\\"{\"\n\t}\n]", " {\n \"a\":[]}", "{\"jsonrpc\": \"2.0\",\n \"id\": 1}\r",
    ])
    func allLinesOfATextAreItsOwn(text: String) {
        #expect(taken(text)?.lines == text.split(separator: "\n").count)
        #expect(taken(text)?.hasEnded == true)
    }

    @Test(arguments: [
        "{}", "[1]", "\"a\"", "}", "{]", "{\"a\": nope", "{\"a", "", "GET / HTTP/1.1", "{\"a\":01", "[1}",
    ])
    func otherLinesBeginNone(line: String) {
        #expect(SpreadText(firstLine: Array(line.utf8)) == nil)
    }

    /// Half a request is not the reason to pass over what comes after it.
    @Test(arguments: ["{\"jsonrpc\":\"2.0\",", "nonsense", "\"a\"", " \"a", "}}"])
    func aLineThatLooksOtherwiseIsNotOfTheText(line: String) throws {
        var spread = try #require(SpreadText(firstLine: Array("{\"jsonrpc\":\"2.0\",".utf8)))
        let isTaken = spread.take(Array(line.utf8))
        #expect(!isTaken)
    }
}
