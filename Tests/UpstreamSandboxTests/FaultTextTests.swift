import Testing
import UpstreamSandbox

@Suite struct FaultTextTests {
    @Test(arguments: [
        ("status=502", Fault(.status(502))),
        ("redirect=307", Fault(.redirect(307, location: nil))),
        ("redirect=302,https://a.invalid/?b=c", Fault(.redirect(302, location: "https://a.invalid/?b=c"))),
        ("reset@first=3", Fault(.reset, when: .first(3))),
        ("hang@every=10", Fault(.hang, when: .every(10))),
        ("garbage@chance=0.25", Fault(.garbage, when: .chance(0.25))),
        ("truncated@account=user@first=1", Fault(.truncated, account: "user@first=1")),
        (
            "error=60007@first=2@account=Zhang Xiaohong",
            Fault(.error(60007), when: .first(2), account: "Zhang Xiaohong")
        ),
        ("body=[1, 2]=", Fault(.body("[1, 2]="))),
        ("body=", Fault(.body(""))),
        ("echo-url", Fault(.echoURL(70003))),
        ("drip=5", Fault(.drip(pause: .milliseconds(5)))),
        ("oversized", Fault(.oversized(bytes: 2_097_152))),
        ("close", Fault(.close(announced: true))),
        ("close-silently", Fault(.close(announced: false))),
    ]) func read(text: String, fault: Fault) throws {
        #expect(try Fault(text: text) == fault)
    }

    @Test(arguments: [
        "", "nonsense", "status", "status=99", "status=abc", "redirect=200", "reset=1", "error=0", "error=-1",
        "hang@first=0", "hang@every=x", "hang@chance=1.5", "hang@chance=nan", "body",
    ]) func refuse(text: String) {
        #expect(throws: FaultTextError.self) { try Fault(text: text) }
    }
}
