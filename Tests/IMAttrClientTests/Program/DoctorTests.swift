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
        ("/run/imattrd-at/web/imattrd.sock", "imattrd-at@web.socket"),
        ("/run/imattrd-at/web/other.sock", "imattrd.socket"), ("/run/imattrd-at/imattrd.sock", "imattrd.socket"),
    ])
    func theUnitIsNamedAfterThePath(path: String, unit: String) {
        #expect(Examination.socketUnit(of: path) == unit)
    }

    // MARK: What to do

    @Test func anOpenSocketWithoutItsFileIsRestarted() {
        let table = """
            Num       RefCount Protocol Flags    Type St Inode Path
            ffff8881: 00000002 00000000 00010000 0001 01 23456 /run/imattrd/imattrd.sock
            ffff8882: 00000003 00000000 00000000 0001 03 23457 /run/imattrd/second.sock
            ffff8883: 00000003 00000000 00000000 0001 03 23458
            """
        #expect(Advice.isListenedOn("/run/imattrd/imattrd.sock", table: table))
        #expect(!Advice.isListenedOn("/run/imattrd/second.sock", table: table))
        #expect(!Advice.isListenedOn("/run/imattrd/imattrd.soc", table: table))
        let advice = Advice(socket: "/run/imattrd/second.sock")
        #expect(advice.forMissingSocket(isListenedOn: true).hasSuffix("run: systemctl restart imattrd@second.socket"))
        #expect(
            advice.forMissingSocket(isListenedOn: false).hasSuffix("run: systemctl enable --now imattrd@second.socket"))
    }

    @Test func nobodyIsToJoinRootsGroup() {
        let advice = Advice(socket: "/run/imattrd/imattrd.sock")
        let root = advice.forRefusedUser("alice", group: "root", isRootsGroup: true, isForGroup: true)
        #expect(
            root.contains("Do not join group root") && root.contains("SocketGroup=imattr") && !root.contains("usermod"))
        let closed = advice.forRefusedUser("alice", group: "imattr", isRootsGroup: false, isForGroup: false)
        #expect(closed.contains("SocketMode=0660") && !closed.contains("usermod"))
        let other = advice.forRefusedUser("alice", group: "backend", isRootsGroup: false, isForGroup: true)
        #expect(other.contains("'usermod -a -G backend alice'"))
    }

    @Test(arguments: [
        ("signer: it cannot be reached: Connection refused", "run: systemctl restart imattrd-signer@second.socket"),
        (
            "signer: it does not answer; calls go on until the UserSig expires",
            "systemctl restart imattrd-signer@second.service"
        ),
        (
            "signer: the signer has no usable key",
            "correct that, and then run: systemctl restart imattrd-signer@second.service"
        ),
        ("upstream answered 70009", nil),
    ])
    func whatToDoAboutTheSigner(reason: String, advice: String?) {
        let found = Advice(socket: "/run/imattrd/second.sock").forReason(reason)
        #expect(advice.map { found?.hasSuffix($0) == true } ?? (found == nil))
    }

    @Test func aDropInThatGivesTheDaemonTheKeyIsNamed() {
        let advice = Advice(socket: "/run/imattrd/imattrd.sock")
        let memory = (path: "/etc/systemd/system/imattrd.service.d/a.conf", text: "[Service]\nMemoryMax=1G\n")
        let key = (
            path: "/etc/systemd/system/imattrd.service.d/b.conf",
            text: "[Service]\nLoadCredentialEncrypted=imattrd.secret-key\n"
        )
        #expect(advice.forKeyOfTheDaemon([memory]) == nil)
        let found = advice.forKeyOfTheDaemon([memory, key])
        #expect(found?.hasPrefix(key.path) == true)
        #expect(found?.contains("/etc/systemd/system/imattrd-signer.service.d/key.conf") == true)
    }

    @Test func aFurtherSocketComesWithARestart() async throws {
        let advice = try #require(await findings("/run/imattrd-at/no-such/imattrd.sock").first?.verdict.advice)
        #expect(advice.contains("systemctl enable imattrd-at@no-such.socket && systemctl restart imattrd.service"))
    }

    @Test(arguments: [
        ("{}", "ok", "there are no rules"),
        (#"{"uid":0,"socket":"rpc","access":"all"}"#, "ok", "no rule limits user 0"),
        (#"{"uid":7,"socket":"rpc-web","access":"none"}"#, "failed", "no rule matches user 7 on the socket rpc-web"),
        (
            #"{"uid":7,"socket":"rpc","access":"rule","because":"group:ci","rule":{"name":"shop","accountPatterns":3}}"#,
            "ok",
            "rule shop applies to user 7 on the socket rpc, because of group:ci; accounts by 3 patterns"
        ),
        (
            #"{"uid":7,"socket":"rpc","access":"rule","because":"uid:7","rule":{"name":"a","methods":["ping"]}}"#,
            "failed",
            "because of uid:7; not getAttrs"
        ),
    ])
    func theRuleThatAppliesIsNamed(caller: String, verdict: String, seen: String) throws {
        let json = caller == "{}" ? "{}" : #"{"caller":\#(caller)}"#
        let status = try DaemonStatus(Array(json.utf8))
        let examination = Examination(path: "/s", origin: "--socket", account: Account("abc"))
        let finding = examination.rights(by: status)
        #expect(finding.verdict.word == verdict && finding.seen.contains(seen), "\(finding.seen)")
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
