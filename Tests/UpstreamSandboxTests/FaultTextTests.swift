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
        ("reset-in-body", Fault(.resetInBody)),
        ("cut@alone", Fault(.cut, company: .alone)),
        ("slow=1500", Fault(.slow(.milliseconds(1500)))),
        ("trailing={}", Fault(.trailing("{}"))),
        ("repeated", Fault(.repeated(after: .zero))),
        ("repeated=30", Fault(.repeated(after: .milliseconds(30)))),
        ("stray@every=4", Fault(.stray, when: .every(4))),
        ("entry=attrs-null@account=a", Fault(.entry(.attrsNull), account: "a")),
        ("stranger", Fault(.stranger("stranger"))),
        ("only-stranger=x", Fault(.onlyStranger("x"))),
        ("status=403@prefix=bad-@account=", Fault(.status(403), accounts: .prefixed("bad-@account="))),
        ("hang@accounts=a,b", Fault(.hang, accounts: .named(["a", "b"]))),
        (
            "error=90003@first=2@others@prefix=bad",
            Fault(.error(90003), when: .first(2), accounts: .prefixed("bad"), company: .others)
        ),
    ]) func read(text: String, fault: Fault) throws {
        #expect(try Fault(text: text) == fault)
    }

    @Test(arguments: [
        "", "nonsense", "status", "status=99", "status=abc", "redirect=200", "reset=1", "error=0", "error=-1",
        "hang@first=0", "hang@every=x", "hang@chance=1.5", "hang@chance=nan", "body", "slow", "slow=0", "trailing",
        "entry", "entry=round", "hang@accounts=", "hang@together",
    ]) func refuse(text: String) {
        #expect(throws: FaultTextError.self) { try Fault(text: text) }
    }

    @Test(arguments: EntryShape.allCases) func readShape(shape: EntryShape) throws {
        #expect(try Fault(text: "entry=\(shape.rawValue)@prefix=a").kind == .entry(shape))
        #expect(Fault.textFormat.contains(shape.rawValue))
    }

    @Test(arguments: [
        ("fault error=1@account=a b", ControlLine.fault(Fault(.error(1), account: "a b"))),
        ("no-faults", .noFaults), ("outage status=500", .outage(.status(500))), ("no-outage", .noOutage),
        ("end-idle reset", .endIdle(.reset)), ("end-idle close", .endIdle(.close)), ("end-idle mute", .endIdle(.mute)),
        ("end-idle reset-on-use", .endIdle(.resetOnUse)),
        ("report", .report),
    ]) func readControl(text: String, line: ControlLine) throws {
        #expect(try ControlLine(text: text) == line)
    }

    @Test(arguments: ["", "fault", "fault x", "outage", "outage x", "no-outage now", "end-idle", "end-idle x", "stop"])
    func refuseControl(text: String) {
        #expect(throws: FaultTextError.self) { try ControlLine(text: text) }
    }
}
