import Glibc
import Logging
import Testing

@testable import Systemd

struct LogEntryTests {
    private func entry(_ metadata: Logger.Metadata, _ message: String = "audit") -> LogEntry {
        LogEntry(.info, message, metadata, at: timespec(tv_sec: 1_234_567_890, tv_nsec: 7_999_999))
    }

    @Test func aLineHasTheTimeInUTC() {
        #expect(
            entry(["uid": "1", "why": "two words"]).text
                == "2009-02-13T23:31:30.007Z info: audit uid=1 why=\"two words\"\n")
    }

    @Test func theJournalsStreamKnowsTheTime() {
        #expect(entry(["uid": "1"]).journalLine == "<6>audit uid=1\n")
    }

    @Test func nothingPassesForAnotherLine() {
        let entry = entry(["why": "a\nb\u{2028}\"\\"])
        #expect(entry.text.split(separator: "\n").count == 1)
        #expect(entry.text.hasSuffix(#" why="a\nb\u{2028}\"\\""# + "\n"))
        #expect(
            entry.json
                == #"{"time":"2009-02-13T23:31:30.007Z","level":"info","msg":"audit","why":"a\nb\u2028\"\\"}"# + "\n")
    }

    @Test func theEventsNumberIsInFieldsAlone() {
        let entry = entry([MessageID.key: "00ff"])
        #expect(!entry.text.contains("00ff"))
        #expect(entry.json.contains(#""MESSAGE_ID":"00ff""#))
        #expect(fields([MessageID.key: "00ff"]) == ["MESSAGE=audit", "PRIORITY=6", "MESSAGE_ID=00ff"])
    }

    // MARK: The journal

    private func fields(_ metadata: Logger.Metadata) -> [String] {
        entry(metadata).journalFields(prefix: "IMATTRD", fromCallers: ["To_Account"])
    }

    @Test func everyValueIsAField() {
        #expect(
            fields(["uid": "1000", "callId": "x-1", "why": "two words"]) == [
                "MESSAGE=audit callId=x-1 uid=1000 why=\"two words\"", "PRIORITY=6", "IMATTRD_CALL_ID=x-1",
                "IMATTRD_UID=1000", "IMATTRD_WHY=two words",
            ])
    }

    @Test func theMessageHasNothingFromACaller() {
        let fields = fields(["To_Account": "[\"x\nPRIORITY=0\"]", "uid": "1"])
        #expect(
            fields == ["MESSAGE=audit uid=1", "PRIORITY=6", "IMATTRD_TO_ACCOUNT=[\"x\nPRIORITY=0\"]", "IMATTRD_UID=1"])
    }

    @Test(arguments: [
        ("durationMs", "P_DURATION_MS"), ("To_Account", "P_TO_ACCOUNT"), ("uid", "P_UID"), ("a.b-c", "P_A_B_C"),
        ("ä", "P__"),
    ])
    func namesAreWhatTheJournalTakes(key: String, name: String) {
        #expect(LogEntry.fieldName(key, "P") == name)
    }
}
