import NIOCore
import Testing

@testable import imattr_bench

struct QuestionTests {
    let question = Question(accounts: ["a", "b"], timeoutMs: 500)
    let right = """
        {"jsonrpc":"2.0","id":7,"result":{"UserAttrs":[{"To_Account":"a","Attrs":{"account":"a"}},\
        {"To_Account":"b","Attrs":{"account":"b"}}],"missing":[]}}
        """

    private func reply(_ line: String, id: Int = 7) -> Reply {
        Reply(ByteBuffer(string: line), to: question, id: id)
    }

    @Test func asksForItsAccounts() {
        #expect(
            question.line(id: 7) == """
                {"jsonrpc":"2.0","id":7,"method":"getAttrs","params":{"To_Account":["a","b"],"timeoutMs":500}}

                """)
        #expect(question.size == 2)
    }

    @Test func aLineMayBeLong() {
        let line = Question(accounts: ["a"], timeoutMs: 5, padding: String(repeating: " ", count: 1000)).line(id: 7)
        #expect((1000..<1200).contains(line.utf8.count))
        #expect(line.split(separator: "\n").count == 1)
        #expect(Question.ping.line(id: 7) == #"{"jsonrpc":"2.0","id":7,"method":"ping"}"# + "\n")
    }

    @Test func aPingIsAnsweredByAPong() {
        let pong = ByteBuffer(string: #"{"jsonrpc":"2.0","id":7,"result":"pong"}"#)
        #expect(Reply(pong, to: .ping, id: 7) == .right)
        #expect(Reply(ByteBuffer(string: right), to: .ping, id: 7) == .wrong)
    }

    @Test func theAnswerIsRight() {
        #expect(reply(right) == .right)
        #expect(reply(right.replacing(#""missing":[]"#, with: #""missing":[],"more":1"#)) == .right)
    }

    @Test(arguments: [
        #"{"account":"a"}"#: #"{"account":"b"}"#, #""missing":[]"#: #""missing":["a"]"#, #""id":7"#: #""id":8"#,
        #","Attrs":{"account":"b"}}]"#: "]",
    ])
    func everyOtherAnswerIsWrong(part: String, other: String) {
        #expect(right.contains(part))
        #expect(reply(right.replacing(part, with: other)) == .wrong)
        #expect(reply(String(right.dropLast(3))) == .wrong)
    }

    @Test func anErrorSaysWhetherAndWhenToComeBack() {
        let line = """
            {"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"unreachable",\
            "data":{"source":"daemon","retryable":true,"retryAfterMs":900}}}
            """
        #expect(reply(line) == .refused(.init(code: -32002, data: .init(retryable: true, retryAfterMs: 900))))
    }

    @Test func anErrorWithoutItsDataIsWrong() {
        #expect(reply(#"{"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"unreachable"}}"#) == .wrong)
    }

    @Test func theIdIsRead() {
        #expect(Reply.id(of: ByteBuffer(string: right)) == 7)
        #expect(Reply.id(of: ByteBuffer(string: #"{"jsonrpc":"2.0","id":null,"error":{}}"#)) == nil)
        #expect(Reply.id(of: ByteBuffer(string: "hello")) == nil)
    }

    @Test func freshQuestionsNeverAskForTheSameTwice() {
        var questions = Questions(name: "x", size: 2, count: 2)
        #expect(questions.next()?.line(id: 1).contains(#"["x-0","x-1"]"#) == true)
        #expect(questions.next()?.line(id: 1).contains(#"["x-2","x-3"]"#) == true)
        #expect(questions.next() == nil)
    }

    @Test func otherQuestionsAskForTheSameAgain() {
        var questions = Questions(name: "x", size: 1, areFresh: false)
        #expect(questions.next()?.line(id: 1).contains(#"["x-0"]"#) == true)
        #expect(questions.next()?.line(id: 1).contains(#"["x-0"]"#) == true)
    }
}
