import Glibc
import JSONRPCServer
import Testing

@testable import DaemonConfiguration

@Suite struct ConfigurationAllowListTests {
    private func caller(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32] = []) -> Caller {
        Caller(uid: uid, gid: gid, groups: groups)
    }

    @Test func oneMatchSuffices() throws {
        let list = try AllowList(["uid:1000", "gid:2000"])
        #expect(list.allows(caller(1000, 5)))
        #expect(list.allows(caller(7, 2000)))
        #expect(list.allows(caller(7, 5, [9, 2000])))
        #expect(!list.allows(caller(2000, 1000, [1000])))
        #expect(!list.allows(caller(7, 5)))
    }

    @Test func rootIsAlwaysAllowed() throws {
        #expect(try AllowList(["uid:1000"]).allows(caller(0, 5)))
        #expect(try !AllowList(["uid:1000"]).allows(caller(5, 0, [0])))
    }

    @Test func namesAreLookedUp() throws {
        let list = try AllowList(["user:nobody", "group:root"])
        let nobody = try #require(getpwnam("nobody")).pointee
        #expect(list.allows(caller(nobody.pw_uid, 7)))
        #expect(list.allows(caller(7, 0)))
        #expect(!list.allows(caller(7, 7)))
    }

    @Test func listsAreGivenInEachForm() throws {
        let required = ConfigurationReading.required
        let forms = [
            ConfigurationReading.read(flags: required.merging([.allow: "uid:1, gid:2"]) { $1 }),
            ConfigurationReading.read(flags: required, environment: ["IMATTRD_ALLOW": "uid:1,gid:2"]),
            ConfigurationReading.read(flags: required, yaml: "allow: [uid:1, 'gid:2']"),
            ConfigurationReading.read(flags: required, yaml: "allow:\n- uid:1\n- gid:2\n"),
            ConfigurationReading.read(flags: required, yaml: "allow: uid:1,gid:2"),
        ]
        for form in forms { #expect(form.settings?.allow == (try AllowList(["uid:1", "gid:2"]))) }
    }

    @Test func emptyListIsAProblem() {
        for yaml in ["allow: []", "allow: ','"] {
            let problems = ConfigurationReading.read(flags: ConfigurationReading.required, yaml: yaml).problems
            #expect(problems.count == 1)
            #expect(problems.first?.description.contains("an empty list allows no user") == true)
        }
    }

    @Test func socketThatIsOpenToAllNeedsAList() throws {
        let folder = try ConfigurationFolder()
        let open = try folder.write([], to: "open", mode: 0o666)
        let closed = try folder.write([], to: "closed", mode: 0o660)
        let required = ConfigurationReading.required
        #expect(ConfigurationReading.read(flags: required, socketPath: closed).problems.isEmpty)
        let problem = ConfigurationReading.read(flags: required, socketPath: open).problems.map(\.description)
        #expect(
            problem == ["allow: is required (or rules), because everybody may write to \(open); or set SocketMode=0660"]
        )
        let withList = required.merging([.allow: "uid:1"]) { $1 }
        #expect(ConfigurationReading.read(flags: withList, socketPath: open).problems.isEmpty)
        // Another problem does not make it look as if there were no list.
        let keys = ConfigurationReading.read(flags: [.allow: "uid:1"], socketPath: open).problems.map(\.key)
        #expect(!keys.contains("allow"))
    }
}
