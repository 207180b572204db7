import JSONTokens

// libFuzzer compiles this file together with what it checks, and there is no such module then.
#if canImport(Signer)
@testable import Signer
#endif

/// What holds for all bytes that are sent to the signer. The seeded mutator asks it here, and libFuzzer in Tests/Fuzz, which
/// compiles it together with what it checks.
enum SignerLineCheck {
    /// The promises that these bytes made the code break; empty if all is well.
    static func faults(of bytes: [UInt8]) -> [String] {
        var faults: [String] = []
        var exchange = Exchange()
        var rest = bytes[...]
        var answers = 0
        while !rest.isEmpty, exchange.room > 0 {
            let part = rest.prefix(exchange.room)
            rest = rest.dropFirst(part.count)
            exchange.received(part)
            while exchange.answerNext({ line in
                check(line, &faults)
                return [0x0A]
            }) {
                answers += 1
                exchange.wrote(1)
            }
        }
        if answers > bytes.count { faults.append("more answers than bytes") }
        if !rest.isEmpty, !exchange.isClosed { faults.append("it stopped reading and is still open") }
        return faults
    }

    private static func check(_ line: LineReader.Line, _ faults: inout [String]) {
        guard case .line(let bytes) = line else { return }
        if bytes.count > LineReader.limit { faults.append("a line of \(bytes.count) bytes") }
        do throws(SignRequest.Refusal) {
            let request = try SignRequest(line: bytes)
            if !isValue(request.id) { faults.append("an id that is no JSON") }
            // What asks for a UserSig says so, with nothing beside it that could be meant to choose it.
            var text = bytes
            text.removeAll { $0 <= 0x20 }
            if text.count > request.id.count + Self.longestRest { faults.append("a request with more in it") }
        } catch {
            if let id = error.id, !isValue(id) { faults.append("an id that is no JSON") }
        }
    }

    /// Bytes of a request without its id and white space, if every character of the names is escaped.
    private static let longestRest = 6 * #"{"jsonrpc":"2.0","id":,"method":"sign"}"#.utf8.count

    private static func isValue(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes)
        do throws(JSONSyntaxError) {
            _ = try reader.skipValue()
            try reader.finish()
            return true
        } catch {
            return false
        }
    }
}
