import Glibc
import IMAttrClient
import Testing

@testable import imattr

/// What `imattr doctor` finds without a daemon; the rest is tried with the built programs.
struct DoctorTests {
    private func findings(_ path: String) async -> [Finding] {
        await Examination(path: path, origin: "--socket", account: Account("abc")).run()
    }

    @Test func anAbsentSocketIsTheFirstAndOnlyFinding() async throws {
        let findings = await findings("/run/imattrd/no-such.sock")
        #expect(findings.map(\.step) == Finding.Step.allCases)
        let first = try #require(findings.first)
        #expect(first.verdict.status == .noDaemon)
        #expect(first.verdict.advice?.contains("imattrd@no-such.socket") == true)
        #expect(findings.dropFirst().allSatisfy { $0.verdict.word == "not tried" })
    }

    @Test func aFileThatIsNoSocketIsSaidToBeNone() async throws {
        let first = try #require(await findings("/etc/passwd").first)
        #expect(first.seen.hasSuffix("is no socket"))
        #expect(first.verdict.status == .noDaemon)
    }

    @Test func aTooLongPathIsUsage() async throws {
        let path = "/" + String(repeating: "x", count: 5000)
        #expect(await findings(path).first?.verdict.status == .usage)
    }

    @Test(arguments: [
        ("/run/imattrd/imattrd.sock", "imattrd.socket"), ("/run/imattrd/staging.sock", "imattrd@staging.socket"),
        ("/tmp/x.sock", "imattrd.socket"), ("/run/imattrd/a/b.sock", "imattrd.socket"),
        ("/run/imattrd/.sock", "imattrd.socket"),
    ])
    func theUnitIsNamedAfterThePath(path: String, unit: String) {
        #expect(Examination.socketUnit(of: path) == unit)
    }

    @Test func aFindingIsAlignedAndHarmless() {
        let finding = Finding(.call, .failed(.tryAgain, advice: "Try again."), "a\u{1B}b")
        #expect(
            finding.lines(Style(isColoured: false)) == [
                "failed     call        a\\u001bb", "                       Try again.",
            ])
        #expect(finding.lines(Style(isColoured: true))[0].hasPrefix("\u{1B}[31mfailed"))
    }

    @Test func scriptsGetJSON() {
        let json = Finding.json([
            Finding(.socket, .ok, "\"x\""), Finding(.state, .warning(advice: "look"), "degraded"),
        ])
        #expect(
            String(decoding: json, as: UTF8.self) == """
                [{"step":"socket","verdict":"ok","seen":"\\"x\\""},\
                {"step":"state","verdict":"warning","seen":"degraded","advice":"look"}]
                """)
    }
}
