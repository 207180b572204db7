import FoundationEssentials
import Glibc

/// Memory and wake-ups of a daemon that does nothing, that has many connections, and whose callers wait.
struct Footprint: Measurement {
    private static let connections = 10_000
    private static let waiting = 1_000_000
    private let seconds: Int

    init(seconds: Int?) { self.seconds = seconds ?? 10 }

    func run(_ tell: (Section) -> Void) async throws {
        try await idle(tell)
        try await connections(tell)
        try await waitingAccounts(tell)
    }

    private func idle(_ tell: (Section) -> Void) async throws {
        try await FastRig.with { rig in
            let client = try LineClient(rig.daemon.socketPath)
            _ = try client.ask(Request.ping)
            try await Task.sleep(for: .seconds(1))
            let memory = try ProcessMemory(of: rig.daemon.pid())
            let before = try ContextSwitches(of: rig.daemon.pid())
            try await Task.sleep(for: .seconds(seconds))
            let wakeUps = try ContextSwitches(of: rig.daemon.pid()).since(before)
            tell(
                Section(
                    title: "idle: after one ping",
                    findings: [
                        Finding("resident", Double(memory.resident) / 0x1p20, "MiB", decimals: 1, .atMost(20)),
                        Finding("private", Double(memory.privateDirty) / 0x1p20, "MiB", decimals: 1, .atMost(4)),
                        Finding("wake-ups in \(seconds) s", wakeUps, .atMost(0)),
                    ]))
        }
    }

    private func connections(_ tell: (Section) -> Void) async throws {
        let most = "\(Self.connections * 2)"
        try await FastRig.with(daemon: ["--max-connections", most, "--max-connections-per-uid", most]) { rig in
            let first = try LineClient(rig.daemon.socketPath)
            _ = try first.ask(Request.ping)
            let before = try ProcessMemory(of: rig.daemon.pid()).resident
            let clients = try (0..<Self.connections).map { _ in try LineClient(rig.daemon.socketPath) }
            for client in clients { _ = try client.ask(Request.ping) }
            let memory = try ProcessMemory(of: rig.daemon.pid()).resident - before
            withExtendedLifetime(clients) {}
            tell(
                Section(
                    title: "connections: \(Self.connections), each has asked once",
                    findings: [
                        Finding(
                            "memory a connection", Double(memory) / 1024 / Double(Self.connections), "KiB", decimals: 2,
                            .atMost(8))
                    ]))
        }
    }

    private func waitingAccounts(_ tell: (Section) -> Void) async throws {
        let most = "\(Self.waiting * 2)"
        let limits = ["--max-queued-accounts", most, "--max-queued-accounts-per-uid", most]
        // Nothing is answered, so nothing leaves the queue but what fits into the calls that may be under way.
        try await Rig.with(
            Network(delay: 60_000, jitter: 0),
            daemon: limits + ["--upstream-timeout-ms", "600000", "--rate-limit", "1"]
        ) { rig in
            let status = try LineClient(rig.daemon.socketPath)
            _ = try status.ask(Request.ping)
            let before = try ProcessMemory(of: rig.daemon.pid()).resident
            let client = try LineClient(rig.daemon.socketPath)
            var names = 0
            for request in 0..<Self.waiting / 10_000 {
                let accounts = (0..<10_000).map { "account-\(request * 10_000 + $0)" }
                names += accounts.reduce(0) { $0 + $1.utf8.count }
                try client.send(
                    Request.getAttrs(accounts, timeoutMs: 600_000).replacing(#""id":1,"#, with: "\"id\":\(request),"))
            }
            let waiting = try await Patience.wait(for: "a million accounts to wait", .seconds(60)) {
                let answer = try status.ask(Request.status)
                let count = Self.number("waitingAccounts", in: answer) ?? 0
                return count > Self.waiting - 10_000 ? count : nil
            }
            let memory = try ProcessMemory(of: rig.daemon.pid()).resident - before
            tell(
                Section(
                    title: "queue: \(waiting) accounts wait, in requests of 10,000",
                    findings: [
                        Finding(
                            "memory an account, beyond its name", Double(memory - names) / Double(waiting), "bytes",
                            .atMost(200))
                    ]))
        }
    }

    private static func number(_ key: String, in json: String) -> Int? {
        let parts = json.split(separator: "\"\(key)\":", maxSplits: 1)
        return parts.count == 2 ? Int(parts[1].prefix(while: \.isNumber)) : nil
    }
}
