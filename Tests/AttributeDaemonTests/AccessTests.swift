import Accounting
import CallScheduling
import DaemonConfiguration
import JSONRPC
import JSONRPCServer
import Rights
import Testing

@testable import AttributeDaemon

/// Under whose part of the bounds callers are.
@Suite struct AccessTests {
    private final class FakeConnection: RPCConnection {
        let caller: Caller
        let door: Door
        let principal: Principal
        let number: UInt64 = 1
        var use = ConnectionUse()
        var note = ServiceNote()

        init(_ caller: Caller, at door: Door, by access: Access) {
            self.caller = caller
            self.door = door
            principal = access.principal(of: caller, at: door)
        }

        func cancel(_ id: RequestID, with error: ErrorObject) {}
    }

    private func access(_ yaml: String, flags: [ConfigurationKey: String] = [:]) throws -> Access {
        let basic: [ConfigurationKey: String] = [.sdkAppId: "1", .admin: "a", .region: "china", .signerSocket: "/s"]
        let text = ConfigurationText(
            flags: basic.merging(flags) { $1 }, environment: [:], file: YAMLFile(Array(yaml.utf8), path: "test.yaml"))
        var access = Access()
        let read = ReadConfiguration(text, in: Surroundings(credentialsDirectory: nil))
        access.replace(with: try #require(read.settings, "\(read.problems)"))
        for name in ["web", "shop"] { access.add(.named(name)) }
        return access
    }

    /// The connection's principal, which is the same at the door and in the queue.
    private func principal(_ uid: UInt32, at door: Door, by access: Access) -> Principal {
        let connection = FakeConnection(Caller(uid: uid, gid: uid, groups: []), at: door, by: access)
        access.note(connection)
        let inQueue = CallerKey(connection).principal
        #expect(inQueue == connection.principal, "uid \(uid) at \(door.name)")
        return inQueue
    }

    private static let rules = """
        rules:
        - {name: own, match: [user:root, uid:1000]}
        - {name: web, match: [socket:web]}
        - {name: shop, match: [socket:shop]}
        """

    /// Root of a container can take as many uids as it was given.
    @Test(arguments: ["{}", "{allow: [uid:0, uid:1000, uid:1001]}", rules])
    func aContainersUsersAreOnePrincipal(yaml: String) throws {
        let access = try access(yaml)
        for name in ["web", "shop"] {
            let forged = Set([0, 1000, 1001, 100_000].map { principal($0, at: .named(name), by: access) })
            #expect(forged.count == 1)
            #expect(forged.allSatisfy { $0.uid == nil && $0.rule != .none })
        }
        #expect(principal(1000, at: .named("web"), by: access) != principal(1000, at: .named("shop"), by: access))
    }

    @Test(arguments: ["{}", rules])
    func otherUsersAreApart(yaml: String) throws {
        let access = try access(yaml)
        let users = [0, 1000, 1001].map { principal($0, at: .callers, by: access) }
        #expect(Set(users).count == 3)
        #expect(!users.contains(principal(0, at: .named("web"), by: access)))
        #expect(principal(1000, at: .administrators, by: access) == .administrators)
    }
}
