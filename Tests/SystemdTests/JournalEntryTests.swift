import Logging
import Testing

@testable import Systemd

struct JournalEntryTests {
    private func fields(_ metadata: Logger.Metadata) -> [String] {
        JournalEntry("audit", .info, metadata, prefix: "IMATTRD", fromCallers: ["To_Account"]).fields
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

    @Test func theEventsNumberIsTheJournalsOwnField() {
        #expect(fields([MessageID.key: "00ff"]) == ["MESSAGE=audit", "PRIORITY=6", "MESSAGE_ID=00ff"])
    }

    @Test(arguments: [
        ("durationMs", "P_DURATION_MS"), ("To_Account", "P_TO_ACCOUNT"), ("uid", "P_UID"), ("a.b-c", "P_A_B_C"),
        ("ä", "P__"),
    ])
    func namesAreWhatTheJournalTakes(key: String, name: String) {
        #expect(JournalEntry.name(key, "P") == name)
    }
}
