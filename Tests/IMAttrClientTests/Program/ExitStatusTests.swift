import ArgumentParser
import Glibc
import IMAttrClient
import Testing

@testable import imattr

struct ExitStatusTests {
    @Test(arguments: [
        (-32000, 75), (-32001, 75), (-32002, 75), (-32004, 75), (-32003, 77), (-32005, 78), (-32602, 64), (-32601, 64),
        (-32600, 64), (-32700, 76), (-32603, 70), (-32800, 70), (-32099, 70), (60020, 1), (90001, 1),
    ])
    func everyCodeOfAnAnswerHasItsStatus(code: Int, status: Int) {
        let error = ErrorObject(code: code, message: "m", source: code > 0 ? .upstream : .daemon)
        #expect(ExitStatus(.refused(error)).rawValue == CInt(status))
    }

    @Test(arguments: [
        (ENOENT, 69), (ECONNREFUSED, 69), (ENOTDIR, 69), (ETIMEDOUT, 69), (EACCES, 77), (EPERM, 77), (EAGAIN, 75),
        (ENAMETOOLONG, 64),
    ])
    func everyFailureToConnectHasItsStatus(errno: CInt, status: Int) {
        #expect(ExitStatus(.unreachable(path: "/x", errno: errno)).rawValue == CInt(status))
    }

    @Test func theOtherFailuresHaveTheirs() {
        #expect(ExitStatus(.lost).rawValue == 75)
        #expect(ExitStatus(.deadline()).rawValue == 75)
        #expect(ExitStatus(.argument("x")).rawValue == 64)
        #expect(ExitStatus(.protocol("x")).rawValue == 76)
        #expect(ExitStatus(.cancelled).rawValue == 130)
        #expect(Failure(OutputError(errno: ENOSPC)).status.rawValue == 70)
        #expect(Failure(InputError.unreadable(name: "x", errno: ENOENT)).status.rawValue == 64)
    }

    @Test func errorsSayWhatToDo() {
        var error = ErrorObject(code: 60020, message: "im_get_attr failed", source: .upstream)
        error.errorInfo = "not bought"
        error.retryAfterMs = 29_001
        error.failed = [Array("{\"To_Account\":\"a\"}".utf8)]
        error.fetched = 900
        #expect(
            Failure(IMAttrError.refused(error)).text
                == "upstream refused: im_get_attr failed (code 60020). ErrorInfo: not bought. "
                + "First failed account: {\"To_Account\":\"a\"}. "
                + "900 accounts were fetched; --max-age-ms lets a repetition use them. "
                + "An administrator must act; nothing is sent upstream for 30 s.")
        error = ErrorObject(code: -32000, message: "queue full", retryable: true)
        error.limit = .init("maxQueuedAccounts", 300_000)
        error.retryAfterMs = 250
        #expect(
            Failure(IMAttrError.refused(error)).text
                == "imattrd refused: queue full (code -32000). Limit: maxQueuedAccounts = 300000. Try again in 250 ms.")
        #expect(Failure(IMAttrError.unreachable(path: "/s", errno: EACCES)).text.contains("group imattr"))
        #expect(Failure(IMAttrError.unreachable(path: "/s", errno: ENOENT)).text.contains("systemctl status"))
    }

    @Test func theOutputTellsItsForm() throws {
        let forms: [([String], OutputFormat)] = [
            (["--output", "x.csv"], .csv), (["--output", "x.jsonl"], .ndjson), (["--output", "x"], .json),
            (["--output", "x.csv", "--json"], .json), (["--output", "x.csv", "--format", "tsv"], .tsv), ([], .json),
            (["-o", "x.csv"], .csv), (["--format", "vertical", "--columns", "a"], .vertical),
            (["--format", "table"], .table),
        ]
        for (options, form) in forms {
            let command = try #require(try IMAttr.parseAsRoot(["get", "a"] + options) as? GetCommand)
            #expect(
                try command.plan().format
                    == (form == .json && isatty(STDOUT_FILENO) == 1 && options == [] ? .table : form))
        }
    }

    @Test(arguments: [
        ["get", "--from", "a", "-"], ["get", "--from", "-", "--from", "-"], ["get", "a", "--json", "--format", "csv"],
        ["get", "--from", "a.txt", "--column", "x"], ["get", "--from", "a.csv", "--column", "0"],
        ["get", "--from", "a.csv", "--field", "x"], ["get", "a", "--columns", "x"],
        ["get", "a", "--format", "csv", "--columns", "x,,y"], ["get", "a", "--format", "csv", "--columns", "x,x"],
        ["get", "a", "--format", "csv", "--columns", "missing"], ["get", "a", "--resume", "s"],
        ["get", "a", "--resume", "s", "--output", "o.json"], ["get", "a", "--output", ""],
        ["get", "a", "--resume", "s", "--output", "o.csv", "--as-they-arrive"], ["get", "a", "--format", "xml"],
        ["get", "a", "-"], ["get", ""], ["get", "a", "--fail-fast", "--errors", "e"], ["get", "a", "--errors", ""],
        ["get", "a", "--errors", "e.csv"],
        ["ping", "--json", "--format", "table"], ["status", "--format", "csv"], ["completion", "tcsh"], ["completion"],
        ["get", "a\nb"], ["get", "--from", "a.csv", "-0"], ["get", "--from", "a", "-0", "--delimiter", ";"],
        ["get", "--from", "a.csv", "--delimiter", "\n"], ["get", "--from", "a", "--encoding", "no such"],
        ["get", "--from", "a.json", "--delimiter", ";"], ["get", "a", "--bom"], ["get", "a", "--bom", "--json"],
        ["get", String(repeating: "x", count: 256)],
        ["get", "a", "--timeout-ms", "0"],
        ["get", "a", "--timeout-ms", "600001"], ["get", "a", "--max-age-ms", "3600001"], ["call"], ["call", "m", "1"],
        ["call", "m", "{"], ["call", "m", "[] []"], ["ping", "--socket", ""], ["nosuch"], ["get", "a", "--nosuch"],
    ])
    func wrongUseIs64(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { _ = try IMAttr.parseAsRoot(arguments) }
        #expect(error.map { IMAttr.exitCode(for: $0).rawValue } == 64)
    }

    @Test(arguments: [
        ["--socket", "/s", "get", "a"], ["get", "a", "--socket", "/s"], ["get", "--socket", "/s", "a"],
    ])
    func theSocketMayStandBeforeTheCommandOrAfterIt(arguments: [String]) throws {
        let command = try #require(try IMAttr.parseAsRoot(arguments) as? GetCommand)
        #expect(command.connection.socket == "/s")
        #expect(command.accounts == ["a"])
    }
}
