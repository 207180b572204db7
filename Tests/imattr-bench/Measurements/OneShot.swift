import FoundationEssentials

/// A script that asks once and ends: by its own UserSig and TLS connection, through the daemon, and `imattr get`.
struct OneShot: Measurement {
    init(seconds: Int?) {}

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let comparisons = try await Comparisons.prepare(in: folder)
        try await FastRig.with { rig in
            let commands = [
                comparisons.clientScript(rig.daemon), comparisons.ownScript(rig.sandbox.ready),
                [try Child.program("imattr"), "get", "--socket", rig.daemon.socketPath, "somebody"],
            ]
            var totals = [[Double]](repeating: [], count: commands.count)
            var asking = [[Double]](repeating: [], count: commands.count)
            for round in 0...Trial.rounds {
                let results = try await Self.round(of: commands, in: folder)
                guard round > 0 else { continue }
                for (index, result) in results.enumerated() {
                    totals[index].append(result.total)
                    asking[index].append(result.asking)
                }
            }
            let (ours, own) = (Samples(asking[0]), Samples(asking[1]))
            tell(
                Section(
                    title: "one shot: a script asks for one account and ends",
                    findings: [
                        Finding("Python client, beyond start and imports", ours, "ms", decimals: 1),
                        Finding("own UserSig and TLS, beyond start and imports", own, "ms", decimals: 1),
                        Finding("Python client ÷ own", ours / own, .atMost(0.2)),
                        Finding("Python client, in all", Samples(totals[0]), "ms", decimals: 0),
                        Finding("own UserSig and TLS, in all", Samples(totals[1]), "ms", decimals: 0),
                        Finding("imattr get, in all", Samples(totals[2]), "ms", decimals: 0),
                    ]))
        }
    }

    /// Times in a round that each program runs: how long a single one takes depends on what else runs just then.
    private static let turns = 5

    /// Medians of a round in which all take their turns, in milliseconds: how long each takes, and how long it says that it asked.
    private static func round(
        of commands: [[String]], in folder: TemporaryFolder
    ) async throws -> [(total: Double, asking: Double)] {
        var totals = [[Double]](repeating: [], count: commands.count)
        var asking = [[Double]](repeating: [], count: commands.count)
        for _ in 0..<turns {
            for (index, command) in commands.enumerated() {
                let (total, said) = try await run(command, in: folder)
                totals[index].append(total / .milliseconds(1))
                asking[index].append((Double(said) ?? .nan) / 1000)
            }
        }
        return zip(totals, asking).map { (Samples($0).median, Samples($1).median) }
    }

    /// How long a program took, and what it said.
    private static func run(_ command: [String], in folder: TemporaryFolder) async throws -> (Duration, String) {
        let output = folder.path("output")
        try? FileManager.default.removeItem(atPath: output)
        let start = ContinuousClock.now
        let child = try Child(command[0], Array(command.dropFirst()), output: output, folder: folder)
        try await child.succeed()
        let total = ContinuousClock.now - start
        return (total, String(try File.text(output).prefix { $0 != "\n" }))
    }
}
