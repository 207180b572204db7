import NIOCore
import Testing

@testable import IMAttrClient

struct AnswerTests {
    @Test func everyFieldOfAnErrorIsRead() throws {
        let data = """
            "source":"upstream","retryable":true,"ErrorInfo":"slow","attempts":3,"retryAfterMs":1500,"path":"p[1]",\
            "limit":5,"limitName":"maxX","fetched":7,"failed":[{"To_Account":"a"}],"callId":"c9",\
            "clockSkewSeconds":-4,"later":{}
            """
        let line =
            "{\"error\":{\"data\":{\(data)},\"message\":\"m\\u0041\",\"code\":60007},\"id\":4,\"jsonrpc\":\"2.0\"}"
        var expected = ErrorObject(code: 60007, message: "mA", retryable: true, source: .upstream)
        expected.errorInfo = "slow"
        expected.attempts = 3
        expected.retryAfterMs = 1500
        expected.path = "p[1]"
        expected.limit = .init("maxX", 5)
        expected.fetched = 7
        expected.failed = [Array("{\"To_Account\":\"a\"}".utf8)]
        expected.callID = "c9"
        expected.clockSkewSeconds = -4
        #expect(try Answer(line: Array(line.utf8)).outcome == .failure(expected))
    }

    @Test func fieldsOfAnotherKindThanPromisedArePassedOver() throws {
        let line = """
            {"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"m",\
            "data":{"retryable":"yes","attempts":[1],"source":"moon","retryAfterMs":1.5,"limit":3}}}
            """
        #expect(try Answer(line: Array(line.utf8)).outcome == .failure(ErrorObject(code: -32002, message: "m")))
    }

    @Test(arguments: [
        "{}", "[]", "{\"UserAttrs\":[]}", "{\"missing\":[]}", "{\"UserAttrs\":[{}],\"missing\":[]}",
        "{\"UserAttrs\":[{\"To_Account\":\"a\",\"Attrs\":[]}],\"missing\":[]}", "{\"UserAttrs\":{},\"missing\":[]}",
        "{\"UserAttrs\":[],\"missing\":[1]}", "{\"UserAttrs\":[],\"missing\":[\"\\ud800\"]}",
    ])
    func aResultOfAnotherShapeIsRefused(result: String) {
        let line = Array(result.utf8)
        #expect(throws: IMAttrError.self) { try GetAttrsResult(JSONSlice(line: line, range: 0..<line.count)) }
    }

    @Test func accountsThatDifferOnlyInNormalisationStayApart() throws {
        let line = Array("{\"UserAttrs\":[],\"missing\":[\"\\u00e9\",\"e\u{301}\"],\"ErrorList\":[{\"a\":1}]}".utf8)
        let result = try GetAttrsResult(JSONSlice(line: line, range: 0..<line.count))
        #expect(Set(result.missing).count == 2)
        #expect(result.errorList.map(\.json) == [Array("{\"a\":1}".utf8)])
    }

    @Test func linesAreCutWhereverThePiecesEnd() throws {
        let text = "one\n\ntwo\nthree"
        for cut in 0...text.utf8.count {
            var splitter = LineSplitter(limit: 5)
            var lines: [String] = []
            for piece in [text.utf8.prefix(cut), text.utf8.dropFirst(cut)] {
                var buffer = ByteBuffer(bytes: piece)
                while let line = try splitter.next(&buffer) { lines.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(lines == ["one", "", "two"])
        }
        var splitter = LineSplitter(limit: 4)
        #expect(throws: LineSplitter.LineTooLong.self) {
            var buffer = ByteBuffer(string: "three")
            _ = try splitter.next(&buffer)
        }
    }
}
