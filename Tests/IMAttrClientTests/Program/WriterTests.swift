import Glibc
import IMAttrClient
import Testing

@testable import imattr

struct WriterTests {
    private func block(_ users: [(String, String?)], end: Int = 0, errors: String = "") throws -> AnsweredBlock {
        // A result is made of the daemon's own text.
        let found = users.compactMap { name, attrs in attrs.map { "{\"To_Account\":\"\(name)\",\"Attrs\":\($0)}" } }
        let missing = users.filter { $0.1 == nil }.map { "\"\($0.0)\"" }
        let text = "\"UserAttrs\":[\(found.joined(separator: ","))],\"missing\":[\(missing.joined(separator: ","))]"
        let result = try GetAttrsResult(json: Array("{\(text)\(errors)}".utf8))
        let accounts = users.map { Account($0.0) }
        let position = InputPosition(accounts: end, digest: 0)
        return AnsweredBlock(Block(accounts: accounts, end: position, fraction: nil), result)
    }

    /// What a writer makes of blocks.
    private func text(
        _ writer: any AnswerWriter, _ blocks: [AnsweredBlock], isComplete: Bool = true
    ) throws -> String {
        var path = Array("/tmp/imattr-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        unlink(path)
        defer { close(descriptor) }
        var (writer, output) = (writer, StandardOutput(descriptor: descriptor, name: "a file"))
        for block in blocks { try writer.write(block, to: &output) }
        try writer.end(isComplete: isComplete, to: &output)
        try output.flush()
        let size = Int(lseek(descriptor, 0, SEEK_CUR))
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { $1 = pread(descriptor, $0.baseAddress, size, 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func refused() throws -> [AnsweredBlock] {
        let result = try GetAttrsResult(
            json: Array(#"{"UserAttrs":[{"To_Account":"a","Attrs":{"error":1}}],"missing":["m"]}"#.utf8))
        let bad = Refusal(account: "bad", code: 90001, message: "no", errorInfo: "why")
        let block = Block(accounts: ["bad", "a", "m"], end: InputPosition(), fraction: nil)
        return [AnsweredBlock(block, result, refusals: ["bad": bad])]
    }

    @Test func refusedAccountsAreInEachForm() throws {
        let reason = #""code":90001,"message":"no","retryable":false,"ErrorInfo":"why"}"#
        #expect(
            try text(DocumentWriter(), refused())
                == #"{"UserAttrs":[{"To_Account":"a","Attrs":{"error":1}}],"missing":["m"],"#
                + #""failed":[{"To_Account":"bad",\#(reason)]}"# + "\n")
        #expect(
            try text(LineWriter(), refused()) == """
                {"To_Account":"bad","failed":true,\(reason)
                {"To_Account":"a","Attrs":{"error":1}}
                {"To_Account":"m","missing":true}

                """)
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: nil, listsRefused: true), refused()) == """
                To_Account,missing,Attrs,error
                bad,,,90001
                a,,"{""error"":1}",
                m,true,,

                """)
    }

    private let errors = ",\"ErrorList\":[{\"To_Account\":\"z\",\"ErrorCode\":70107,\"ErrorInfo\":\"no\"}]"

    @Test func theDocumentIsWholeHoweverManyResultsItHas() throws {
        #expect(try text(DocumentWriter(), []) == "{\"UserAttrs\":[],\"missing\":[]}\n")
        #expect(try text(DocumentWriter(), [block([("a", nil)])]) == "{\"UserAttrs\":[],\"missing\":[\"a\"]}\n")
        let blocks = [
            try block([("a", "{\"n\":1.50}"), ("x", nil)]), try block([]),
            try block([("z", nil), ("b", "{}"), ("c", "{}")], errors: errors),
        ]
        let entries = """
            {"To_Account":"a","Attrs":{"n":1.50}},{"To_Account":"b","Attrs":{}},{"To_Account":"c","Attrs":{}}
            """
        let list = "{\"To_Account\":\"z\",\"ErrorCode\":70107,\"ErrorInfo\":\"no\"}"
        #expect(
            try text(DocumentWriter(), blocks)
                == "{\"UserAttrs\":[\(entries)],\"missing\":[\"x\",\"z\"],\"ErrorList\":[\(list)]}\n")
    }

    @Test func manyMissingAccountsAreHeldOnDisk() throws {
        let names = (0..<300).map { "\($0)-\(String(repeating: "x", count: 200))" }
        let blocks = try (0..<40).map { _ in try block(names.map { ($0, nil) }) }
        let list = (0..<40).flatMap { _ in names }.map { "\"\($0)\"" }.joined(separator: ",")
        #expect(list.utf8.count > 2 << 20)
        #expect(try text(DocumentWriter(), blocks) == "{\"UserAttrs\":[],\"missing\":[\(list)]}\n")
    }

    @Test func linesComeInInputOrderMissingOnesToo() throws {
        let blocks = [try block([("z", nil), ("a", "{\"n\":1}"), ("m", nil)], errors: errors)]
        #expect(
            try text(LineWriter(), blocks) == """
                {"To_Account":"z","missing":true,"ErrorCode":70107,"ErrorInfo":"no"}
                {"To_Account":"a","Attrs":{"n":1}}
                {"To_Account":"m","missing":true}

                """)
    }

    @Test func columnsAreThoseOfTheFirstAnswersIfThatIsAll() throws {
        let blocks = [
            try block([("a", "{\"x\":\"1,\\\"2\\\"\",\"y\":[1, 2]}")]),
            try block([("m", nil), ("b", "{\"z\":null,\"x\":\"\\n\"}")]),
        ]
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: nil), blocks)
                == "To_Account,missing,x,y,z\na,,\"1,\"\"2\"\"\",\"[1, 2]\",\nm,true,,,\nb,,\"\n\",,null\n")
        #expect(try text(SeparatedWriter(separator: 0x09, columns: nil), []) == "To_Account\tmissing\n")
    }

    @Test func laterAttributesGoToAColumnOfTheirOwn() throws {
        let blocks = [
            try block([("a", "{\"x\":1}")], end: SeparatedWriter.held),
            try block([("b", "{\"new\":\"2\",\"x\":3,\"o\":{}}")], end: SeparatedWriter.held + 1),
        ]
        #expect(
            try text(SeparatedWriter(separator: 0x09, columns: nil), blocks)
                == "To_Account\tmissing\tx\tAttrs\na\t\t1\t\nb\t\t3\t\"{\"\"new\"\":\"\"2\"\",\"\"o\"\":{}}\"\n")
    }

    @Test func anInterruptedTableHasAPlaceForWhatMayStillCome() throws {
        let blocks = [try block([("a", "{\"x\":1}")], end: 1)]
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: nil), blocks, isComplete: false)
                == "To_Account,missing,x,Attrs\na,,1,\n")
    }

    @Test func columnsThatWereAskedForAreAllThereIs() throws {
        let columns = Columns(["y", "x"])
        let blocks = [try block([("a", "{\"x\":true,\"z\":1,\"y\":\"\\ud800\",\"x\":false}")])]
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: columns), blocks)
                == "To_Account,missing,y,x\na,,\"\"\"\\ud800\"\"\",false\n")
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: columns, isContinued: true), blocks)
                == "a,,\"\"\"\\ud800\"\"\",false\n")
    }

    @Test func aMarkComesFirstAndOnce() throws {
        let (one, comma) = ([try block([("a", "{}")])], UInt8(ascii: ","))
        let columns = Columns(["x"])
        #expect(
            try text(SeparatedWriter(separator: comma, columns: columns, hasMark: true), one)
                == "\u{FEFF}To_Account,missing,x\na,,\n")
        let continued = SeparatedWriter(separator: comma, columns: columns, hasMark: true, isContinued: true)
        #expect(try text(continued, one) == "a,,\n")
    }

    @Test func attributesNamedLikeOurColumnsAreKeptApart() throws {
        let attrs = "{\"missing\":1,\"To_Account\":\"x\",\"\u{E9}\":1,\"e\u{301}\":2}"
        #expect(
            try text(SeparatedWriter(separator: 0x2C, columns: nil), [try block([("a", attrs)])]) == """
                To_Account,missing,\u{E9},e\u{301},Attrs
                a,,1,2,"{""missing"":1,""To_Account"":""x""}"

                """)
    }

    @Test func howFarARunHasComeIsReadAsItWasWritten() throws {
        let folder = try FakeDaemon.temporaryFolder()
        let path = folder + "/state"
        defer {
            unlink(path)
            rmdir(folder)
        }
        #expect(try ResumeState.read(path) == nil)
        let position = InputPosition(accounts: 1_234_567, digest: .max - 5)
        for columns in [nil, Columns(["a", "é\"\n"], hasRest: true)] {
            let state = ResumeState(
                format: .csv, columns: columns, output: "o \u{1}.csv", position: position, hasMissing: true, bytes: 99)
            try state.write(path)
            #expect(try ResumeState.read(path) == state)
        }
        for text in ["", "{}", "{\"imattrGetState\":2}", "[]"] {
            #expect(throws: (any Error).self) { try ResumeState(json: Array(text.utf8)) }
        }
    }

    @Test func whatWasWrittenAfterTheLastNoteIsCutOff() throws {
        let folder = try FakeDaemon.temporaryFolder()
        let path = folder + "/out"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try FileDescriptor.write(Array("one\ntwo\nthr".utf8), to: descriptor, name: path)
        close(descriptor)
        #expect(throws: ResumeError.outputExists(path)) { try AnswerFile.continued(path, length: nil) }
        #expect(throws: ResumeError.otherOutput(path)) { try AnswerFile.continued(path, length: 12) }
        #expect(throws: ResumeError.otherOutput(path)) { try AnswerFile.continued(path, length: 5) }
        let file = try AnswerFile.continued(path, length: 4)
        #expect(file.length == 4)
        #expect(throws: OutputError.self) { try AnswerFile.continued(path, length: 4) }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 4)
    }

    @Test func aFileGetsItsNameWhenItIsComplete() throws {
        let folder = try FakeDaemon.temporaryFolder()
        let path = folder + "/out"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let file = try AnswerFile.whole(path)
        #expect(file.presentPath == path + ".partial")
        #expect(access(path, F_OK) != 0)
        #expect(throws: OutputError.self) { try AnswerFile.whole(path) }
        try file.complete()
        #expect(access(path, F_OK) == 0 && access(path + ".partial", F_OK) != 0)
        try AnswerFile.whole(path).leave()
        #expect(access(path + ".partial", F_OK) != 0)
    }
}
