import Glibc
import IMAttrClient
import Testing

@testable import imattr

/// Accounts that are refused: what is asked for again, and where they are listed.
struct RefusedTests {
    private func block(_ names: String...) -> OpenBlock {
        OpenBlock(Block(accounts: names.map { Account($0) }, end: InputPosition(), fraction: nil))
    }

    private func answer(found: [String] = [], missing: [String] = [], failed: String = "") throws -> PartialAnswer {
        let entries = found.map { "{\"To_Account\":\"\($0)\",\"Attrs\":{}}" }.joined(separator: ",")
        let missing = missing.map { "\"\($0)\"" }.joined(separator: ",")
        let text = "{\"UserAttrs\":[\(entries)],\"missing\":[\(missing)],\"failed\":[\(failed)]}"
        return try PartialAnswer(json: Array(text.utf8))
    }

    private func failure(_ name: String, _ code: Int, retryable: Bool = false, after: Int? = nil) -> String {
        let pause = after.map { ",\"retryAfterMs\":\($0)" } ?? ""
        return "{\"To_Account\":\"\(name)\",\"code\":\(code),\"message\":\"no\",\"retryable\":\(retryable)\(pause)}"
    }

    private func error(_ code: Int, retryable: Bool = false, failed: [String] = []) -> IMAttrError {
        var error = ErrorObject(code: code, message: "no", retryable: retryable, source: .upstream)
        let list = failed.map { "{\"To_Account\":\"\($0)\",\"ErrorCode\":\(code),\"ErrorInfo\":\"because\"}" }
        error.failed = list.isEmpty ? nil : list.map { Array($0.utf8) }
        return .refused(error)
    }

    @Test func oneThatIsRefusedLeavesTheOthersTheirAnswers() throws {
        var block = block("a", "bad", "m")
        #expect(try block.take(answer(found: ["a"], missing: ["m"], failed: failure("bad", 90001))) == nil)
        let answered = block.answered
        #expect(answered.answers.map(\.account) == ["a", "bad", "m"])
        #expect(answered.refused.map(\.code) == [90001])
        #expect(answered.missing.map(\.account) == ["m"])
        #expect(AnsweredBlock(withoutRefused: answered).answers.map(\.account) == ["a", "m"])
    }

    @Test func whatSaysNothingAboutAnAccountIsAskedAgainAsOftenAsItTakes() throws {
        var block = block("a", "late")
        let busy = failure("late", -32000, retryable: true, after: 250)
        #expect(try block.take(answer(found: ["a"], failed: busy)) == .milliseconds(250))
        for _ in 0..<100 { #expect(try block.take(answer(failed: busy)) == .milliseconds(250)) }
        #expect(block.open == ["late"])
        #expect(try block.take(answer(failed: failure("late", -32001, retryable: true))) == Patience.shortestPause)
        #expect(try block.take(answer(found: ["late"])) == nil)
        #expect(block.answered.refused == [])
    }

    @Test func aSpoiltEntryIsAskedAgainAFewTimes() throws {
        var block = block("a", "spoilt")
        let spoilt = failure("spoilt", -32002, retryable: true)
        #expect(try block.take(answer(found: ["a"], failed: spoilt)) == .seconds(1))
        #expect(try block.take(answer(failed: spoilt)) == .seconds(2))
        #expect(try block.take(answer(failed: spoilt)) == nil)
        #expect(block.answered.refused.map(\.code) == [-32002])
    }

    @Test func whatOnlyAnAdministratorCanEndEndsTheJob() throws {
        var one = block("a", "b")
        let bad = failure("b", 70003, after: 30_000)
        #expect(throws: IMAttrError.self) { try one.take(answer(found: ["a"], failed: bad)) }
        var other = block("a")
        #expect(throws: error(-32003)) { try other.take(error(-32003)) }
        #expect(other.open == ["a"])
    }

    @Test func anErrorRefusesTheAccountsThatItNames() throws {
        var block = block("a", "b", "c")
        #expect(try block.take(error(90001, failed: ["a", "b"])) == .zero)
        #expect(block.open == ["c"])
        #expect(try block.take(error(90001, failed: ["c"])) == nil)
        #expect(block.answered.refused.map(\.text) == Array(repeating: "90001 because", count: 3))
        #expect(throws: error(90001, failed: ["x"])) { try block.take(error(90001, failed: ["x"])) }
    }

    @Test func anErrorThatMayPassLeavesOpenWhatItDoesNotName() {
        var block = block("a")
        #expect(block.take(temporary: .lost) == .zero)
        #expect(block.take(temporary: error(-32002, retryable: true, failed: ["a"])) == .seconds(1))
        #expect(block.open == ["a"])
    }

    @Test func aRefusalIsReadAsItIsWritten() throws {
        let text = """
            {"To_Account":"a","code":-32002,"message":"m","retryable":true,"ErrorInfo":"i","retryAfterMs":7,"callId":"c"}
            """
        let read = try PartialAnswer(json: Array("{\"UserAttrs\":[],\"missing\":[],\"failed\":[\(text)]}".utf8)).failed
        #expect(read.map { String(decoding: $0.json, as: UTF8.self) } == [text])
    }

    @Test func theNoteNamesTheFirst() {
        var note = RefusedNote()
        #expect(note.text(list: nil, isAskedAgain: false) == nil)
        let refused = (0..<6).map { Refusal(account: Account("u\($0)"), code: 90001, message: "no") }
        note.append(asked: 9, Array(refused.prefix(1)))
        #expect(note.text(list: nil, isAskedAgain: false) == "1 of 9 accounts refused: 'u0' (90001 no).")
        note.append(asked: 9, Array(refused.dropFirst()))
        let names = (0..<5).map { "'u\($0)' (90001 no)" }.joined(separator: ", ")
        #expect(
            note.text(list: "x", isAskedAgain: true)
                == "6 of 18 accounts refused: \(names), …; all are listed in x. The same command asks for them again.")
    }

    // MARK: The list

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try FakeDaemon.temporaryFolder()
        defer {
            for name in ["list", "list.new", "list.partial"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body("\(folder)/list")
    }

    private func refusals(_ names: String...) -> [Refusal] {
        names.map { Refusal(account: Account($0), code: 90001, message: "no") }
    }

    private func names(_ path: String) throws -> [String] {
        var status = stat()
        try #require(stat(path, &status) == 0)
        var text: [UInt8] = []
        try FileDescriptor.read(path, length: Int(status.st_size)) { text += $0 }
        return text.split(separator: 0x0A).map { line in
            String(decoding: line, as: UTF8.self).split(separator: "\"")[3].description
        }
    }

    @Test func whatIsRefusedAgainGoesToTheEnd() throws {
        try inFolder { path in
            var list: RefusalFile? = try .continued(path, from: nil)
            try list?.append(refusals("a", "b", "c"))
            let state = try #require(list?.state(retried: 0))
            list = nil
            list = try .continued(path, from: state)
            try list?.append(refusals("b"))
            var noted: RefusedState?
            try list?.removeLines(2) { noted = $0 }
            #expect(try names(path) == ["c", "b"])
            list = try .continued(path, from: noted)
            #expect(list?.state(retried: 0) == noted)
            #expect(access("\(path).new", F_OK) != 0)
        }
    }

    /// A crash between the note of the shorter list and its new name.
    @Test func aShorterListThatHasNoNameYetIsFound() throws {
        struct Crash: Error {}
        try inFolder { path in
            var list: RefusalFile? = try .continued(path, from: nil)
            try list?.append(refusals("a", "b"))
            let before = try #require(list?.state(retried: 1))
            var noted: RefusedState?
            #expect(throws: Crash.self) {
                try list?.removeLines(1) {
                    noted = $0
                    throw Crash()
                }
            }
            list = nil
            list = try .continued(path, from: before)
            list = nil
            #expect(try names(path) == ["a", "b"], "the old state still has its list")
            list = try .continued(path, from: noted)
            #expect(try names(path) == ["b"])
            #expect(throws: ResumeError.otherOutput(path)) { try RefusalFile.continued(path, from: before) }
        }
    }

    @Test func theColumnErrorHasTheCode() throws {
        var table = AttributeTable()
        let answers = [AccountAnswer(account: "ok", attrs: Attrs(json: Array("{\"ERROR\":1}".utf8)))]
        let bad = refusals("bad")[0]
        let lines = try table.append(
            answers + [AccountAnswer(account: "bad", attrs: nil)], refusals: ["bad": bad])
        #expect(lines == ["ACCOUNT  ERROR  ERROR", "ok       1      -", "bad      -      90001 no"])
    }
}
