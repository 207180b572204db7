import Glibc

/// How long the first caller waits whose connection starts the daemon, as systemd would.
struct Activation: Measurement {
    init(seconds: Int?) {}

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let comparisons = try await Comparisons.prepare(in: folder)
        try await FastRig.with { rig in
            let programs: [(name: String, command: [String])] = [
                ("imattrd", [try Child.program("imattrd")] + rig.daemon.arguments),
                ("a Python program that imports asyncio", comparisons.nothing),
            ]
            var waits = [[Double]](repeating: [], count: programs.count)
            for round in 0...Trial.rounds {
                for (index, program) in programs.enumerated() {
                    let socket = folder.path("activated-\(index)-\(round).sock")
                    let wait = try await firstAnswer(program.command, socket: socket, in: folder)
                    if round > 0 { waits[index].append(wait / .milliseconds(1)) }
                }
            }
            tell(
                Section(
                    title: "activation: from connecting to the first answer, under systemd-socket-activate",
                    findings: [
                        Finding(programs[0].name, Samples(waits[0]), "ms", decimals: 1, .atMost(20)),
                        Finding(programs[1].name, Samples(waits[1]), "ms", decimals: 1),
                    ]))
        }
    }

    private func firstAnswer(_ command: [String], socket: String, in folder: TemporaryFolder) async throws -> Duration {
        let log = socket + ".log"
        let child = try Child(
            "/usr/bin/systemd-socket-activate", ["-l", socket] + command, output: log, folder: folder)
        defer { child.end() }
        try await Patience.wait(for: "systemd-socket-activate to listen", log: log, unless: { child.hasEnded }) {
            access(socket, F_OK) == 0 ? () : nil
        }
        // It binds before it listens, and waits only after that.
        try await Task.sleep(for: .milliseconds(50))
        let start = ContinuousClock.now
        _ = try LineClient(socket).ask(Request.ping)
        return .now - start
    }
}
