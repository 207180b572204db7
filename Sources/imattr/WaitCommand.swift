import ArgumentParser
import IMAttrClient

/// `imattr wait`: until the daemon can serve.
struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until the daemon can serve.",
        discussion: """
            Exits with 0 as soon as the daemon is 'ready': its configuration is usable, and the upstream does not refuse it. It makes \
            no call to the upstream. When the time is over, it prints the last problem on standard error and exits with its \
            code: 69 no daemon, 75 stopping or degraded, 78 misconfigured. A problem that waiting cannot solve ends it at once: \
            76 another protocol, 77 access denied. With --format or --json it prints the status that it has waited for.

            Example:
              systemctl enable --now imattrd.socket && imattr wait --timeout 30 && nightly-job
            """
    )

    @Option(help: ArgumentHelp("How long to wait at most: 0 to 86400; 0 looks once.", valueName: "seconds"))
    var timeout: Double = 60

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if !(0...86_400 ~= timeout) {
            throw ValidationError("--timeout is \(timeout); 0 to 86400 seconds are allowed.")
        }
        try format.check(connection)
    }

    func run() async throws {
        try await connection.end {
            let end = ContinuousClock.now + .seconds(timeout)
            var pause = Duration.milliseconds(50)
            while true {
                let met = await look(until: end)
                if met.isReady {
                    try write(met)
                    return .answered
                }
                if met.isFinal || ContinuousClock.now + pause >= end { return met.status }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }

    /// With a form that was asked for, the status that it has waited for; else nothing.
    private func write(_ met: Met) throws {
        guard connection.json || format.format != nil, case .state(let status, let json) = met else { return }
        let form = format.form(connection, usual: .json)
        var output = form.output
        if form == .table { try output.write(line: status["state"] ?? "ready") } else { try output.write(json: json) }
        try output.flush()
    }

    /// One look, by a connection of its own: what listens on the socket may have changed.
    private func look(until end: ContinuousClock.Instant) async -> Met {
        let left = max(end - .now, .seconds(1))
        do {
            let client = IMAttrClient(socketPath: connection.path)
            let json = try await client.getStatus(timeout: min(left, .seconds(600))).json
            await client.close()
            return .state(try DaemonStatus(json), json: json)
        } catch {
            return .failure(Failure(error))
        }
    }

    /// What one look has met.
    private enum Met {
        case state(DaemonStatus, json: [UInt8])
        case failure(Failure)

        var isReady: Bool {
            if case .state(let status, _) = self { status.state == .ready } else { false }
        }

        /// Whether waiting cannot change it.
        var isFinal: Bool {
            guard case .failure(let failure) = self else { return false }
            return failure.status != .noDaemon && failure.status != .tryAgain
        }

        /// Says it on standard error, and gives the exit status for it.
        var status: ExitStatus {
            switch self {
            case .failure(let failure):
                StandardError.write(failure.text)
                return failure.status
            case .state(let status, _):
                let reasons = status.reasons.isEmpty ? "" : ": " + status.reasons.joined(separator: "; ")
                StandardError.write(
                    "imattrd is still \(status["state"] ?? "in a state that it does not report")\(reasons).")
                return status.state == .misconfigured ? .misconfigured : .tryAgain
            }
        }
    }
}
