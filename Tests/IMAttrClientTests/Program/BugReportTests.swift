import IMAttrClient
import Testing

@testable import imattr

/// What a report leaves out, and how it is laid out.
struct BugReportTests {
    private static let key = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
    private static let userSig =
        "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwonFKdVQ4eKU7MSCgswUJStDMxMDA1MTc2NDiExqRUFmUSpQ3NTU1"

    // MARK: Redaction

    @Test(arguments: [
        (#"audit To_Account="[\"a b\",\"é\"]" accounts=2 uid=7"#, "audit To_Account=<left out> accounts=2 uid=7"),
        ("audit To_Account=[] accounts=0", "audit To_Account=<left out> accounts=0"),
        (#"audit To_Account="[\"a"#, "audit To_Account=<left out>"),
        // A quotation mark with an accent is one character for a person, and two for whoever wrote the line.
        ("To_Account=\"\u{301}abc\" uid=7", "To_Account=<left out> uid=7"),
        ("no such user. ErrorInfo: user abc is unknown. Try again.", "no such user. ErrorInfo:<left out>"),
        (#"{"ErrorInfo":"abc"}"#, #"{"ErrorInfo":<left out>"#),
        (#"why="x {\"ErrorInfo\":\"abc\"}" uid=7"#, #"why="x {\"ErrorInfo\":<left out>"#),
        (#"why="y To_Account=\"abc\"" uid=7"#, #"why="y To_Account=<left out>"#),
        (
            "GET /v4?sdkappid=1&identifier=boss&UserSig=abc&random=2",
            "GET /v4?sdkappid=1&identifier=<left out>&UserSig=<left out>&random=2"
        ),
        (
            #"admin (/etc/imattrd/config.yaml:2): "bo"ss": must not"#,
            "admin (/etc/imattrd/config.yaml:2): <left out>: must not"
        ),
        (
            #"rateLimit (/etc/imattrd/config.yaml:2): "x": an integer"#,
            #"rateLimit (/etc/imattrd/config.yaml:2): "x": an integer"#
        ),
        ("secretKeyFile: my key: no such file", "secretKeyFile: <left out>: no such file"),
    ])
    func fieldsOfAccountsAndSecretsAreLeftOut(line: String, wanted: String) {
        #expect(Redaction.of(line) == wanted)
    }

    @Test func longWordsThatLookLikeSecretsAreLeftOut() {
        for secret in [Self.key, Self.key.uppercased(), Self.userSig, String(Self.userSig.prefix(40))] {
            for (before, after) in [("", ""), ("key ", " is"), ("\"", "\""), ("x:", ","), ("/run/", "/x")] {
                #expect(Redaction.of(before + secret + after) == before + Redaction.mark + after)
            }
        }
    }

    @Test(arguments: [
        "/run/imattrd/imattrd.sock: no such file", "systemd 252 (252.39-1~deb12u1)", "Linux 6.1.0-28-cloud-amd64",
        "state is ready", "secretKeyFile: /run/x: no such file",
        "secretKeyFile: a path of 9 characters in /run: no such file",
        "secretKeyFile: 64 characters that are not an absolute path of a file: no such file",
        "secretKeyFile: is required; region: is required",
        "accounts=3 callId=6f3a-12 uid=1000", "The administrator (root) finds more", "ErrorInfo",
        "4: $s15AttributeDaemon10DaemonCoreC6listen2onSo8EventLoopFutureCyytGs5Int32V_tF", "", "admin",
    ])
    func otherTextStays(line: String) {
        #expect(Redaction.of(line) == line)
    }

    // MARK: Status

    @Test func aStatusHasNoTextsThatAreNotTheDaemonsOwn() throws {
        let json = """
            {"version":"0.1.0","uptimeSeconds":7,"state":"degraded","reasons":["upstream fails","admin (x): \\"boss\\": no"],
            "upstream":{"host":"h","open":false,"lastError":{"code":70107,"message":"m","ErrorInfo":"user abc"}},
            "queue":{"waitingAccountsByUid":{"1000":3}},"new":{"name":"7","accounts":["abc"],"none":null,"empty":[]}}
            """
        let status = try ReportedStatus(Array(json.utf8))
        let lines = BugReport.Section(.status, .lines(status.lines)).content
        #expect(
            lines
                == .lines([
                    "version                          0.1.0",
                    "uptimeSeconds                    7",
                    "state                            degraded",
                    "reasons[0]                       upstream fails",
                    "reasons[1]                       admin (x): <left out>: no",
                    "upstream.host                    h",
                    "upstream.open                    false",
                    "upstream.lastError.code          70107",
                    "upstream.lastError.message       m",
                    "upstream.lastError.ErrorInfo     <left out>",
                    "queue.waitingAccountsByUid.1000  3",
                    "new.name                         <left out>",
                    "new.accounts[0]                  <left out>",
                    "new.none                         null",
                    "new.empty                        []",
                ]))
    }

    @Test func aRefusalIsReportedWithoutUpstreamsWords() {
        var answer = ErrorObject(code: 70107, message: "user abc is unknown", retryable: false, source: .upstream)
        answer.errorInfo = "the user abc"
        answer.failed = [Array(#"{"To_Account":"abc","ErrorCode":70107}"#.utf8)]
        #expect(Failure(IMAttrError.refused(answer)).text.contains("abc"))
        let text = Failure(IMAttrError.refused(answer), showsUpstreamText: false).text
        #expect(text.contains("70107"))
        #expect(!text.contains("abc"))
    }

    // MARK: Configuration and log

    @Test func aConfigurationHasNoAccountAndNoPathThatMayBeAKey() {
        let table = """
            sdkAppId                 1400000000  /etc/imattrd/config.yaml:1
            admin                    the boss    /etc/imattrd/config.yaml:2
            secretKeyFile            0123        /etc/imattrd/config.yaml:3
            audit                    accounts    default
            """
        #expect(
            ReportedConfiguration.lines(table) == [
                "sdkAppId                 1400000000  /etc/imattrd/config.yaml:1",
                "admin                    <left out>",
                "secretKeyFile            <left out>", "audit                    accounts    default",
            ])
    }

    @Test func aLogWithoutLinesSaysWhy() {
        let run = ExternalCommand.Run(ending: "exit code 1", output: "", complaint: "No journal files were found.\nx\n")
        guard case .missing(let reason) = ReportedLog.content(.success(run), of: "imattrd.service") else {
            Issue.record("nothing is missing")
            return
        }
        #expect(reason.contains("imattrd.service"))
        #expect(reason.contains("(No journal files were found.)"))
    }

    @Test func aLogWithoutJournalctlSaysWhy() {
        let answer = ExternalCommand("no-such-program", []).run(within: .seconds(10))
        #expect(
            ReportedLog.content(answer, of: "imattrd.service")
                == .missing("journalctl cannot be run: no-such-program: No such file or directory"))
    }

    @Test(arguments: [
        ("/run/imattrd/imattrd.sock", "imattrd.service", "/etc/imattrd/config.yaml"),
        ("/run/imattrd/staging.sock", "imattrd@staging.service", "/etc/imattrd/staging.yaml"),
        ("/tmp/x.sock", "imattrd.service", "/etc/imattrd/config.yaml"),
    ])
    func theInstanceIsThatOfTheSocket(path: String, service: String, file: String) {
        let instance = Instance(socketPath: path)
        #expect(instance.service == service)
        #expect(instance.configurationFile == file)
    }

    @Test func theDistributionIsItsPrettyName() {
        let name = Versions.distribution("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n")
        #expect(name == "Debian GNU/Linux 12 (bookworm)")
        #expect(Versions.distribution("ID=x\n") == nil)
    }

    // MARK: Programs

    @Test func aProgramsTextsAndEndAreTaken() throws {
        let script = #"echo out; echo "$LC_ALL $MINE" >&2; cat; exit 3"#
        let run = try ExternalCommand("sh", ["-c", script], variables: ["MINE": "x"]).run(within: .seconds(60)).get()
        #expect(run == .init(ending: "exit code 3", output: "out\n", complaint: "C.UTF-8 x\n"))
    }

    @Test func aProgramThatDoesNotEndIsKilled() {
        let answer = ExternalCommand("sleep", ["600"]).run(within: .milliseconds(20))
        #expect(answer == .failure(.tooSlow(program: "sleep")))
    }

    @Test func aLargeTextIsCutAndReadToItsEnd() throws {
        let run = try ExternalCommand("head", ["-c", "3000000", "/dev/zero"]).run(within: .seconds(60)).get()
        #expect(run.ending == "exit code 0")
        #expect(run.output.utf8.count == 1 << 20)
    }

    // MARK: Layout

    private static let report = BugReport(sections: [
        .init(.versions, .lines(["imattr 1\u{1B}", "key \(key)"])), .init(.log, .missing("no \"journal\"")),
    ])

    @Test func eachSectionHasAHeading() {
        #expect(
            Self.report.lines.dropFirst() == [
                "", "== versions ==", #"imattr 1\u001b"#, "key <left out>", "", "== log ==", #"missing: no "journal""#,
            ])
    }

    @Test func scriptsGetJSON() {
        let wanted =
            #"[{"section":"versions","lines":["imattr 1\\u001b","key <left out>"]},"#
            + #"{"section":"log","missing":"no \"journal\""}]"#
        #expect(String(decoding: Self.report.json, as: UTF8.self) == wanted)
    }
}
