import ArgumentParser
import IMAttrClient

/// What every command takes: where the daemon is, and which form the answer has.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, on a terminal too: the same as --format json.")
    var json = false

    func validate() throws {
        if socket?.isEmpty == true { throw ValidationError("--socket: the path is empty.") }
    }

    /// The daemon's socket.
    var path: String { socket ?? IMAttrSocket.defaultPath() }

    /// Where ``path`` comes from, for a person.
    var pathOrigin: String {
        if socket != nil { return "--socket" }
        let isNamed = IMAttrSocket.processEnvironment(IMAttrSocket.variable).map { !$0.isEmpty } ?? false
        return isNamed ? IMAttrSocket.variable : "the default"
    }

    /// Runs a command's work with a client; failures are reported on standard error and become the exit status.
    func run(_ work: (IMAttrClient) async throws -> ExitStatus) async throws {
        try await end {
            try await IMAttrClient.withClient(socketPath: path) { client in try await work(client) }
        }
    }

    /// Runs a command's work; failures are reported on standard error and become the exit status.
    func end(_ work: () async throws -> ExitStatus) async throws {
        Signals.endAtInterrupt()
        let status: ExitStatus
        do {
            status = try await work()
        } catch {
            let failure = Failure(error)
            StandardError.write(failure.text)
            status = failure.status
        }
        throw ExitCode(status.rawValue)
    }
}

/// The forms of what commands other than `get` print.
enum AnswerFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, ndjson
}

/// How often a view is brought up to date.
struct UpdateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Seconds between updates: 0.1 to 3600.", valueName: "seconds"))
    var interval: Double = 1

    func validate() throws {
        if !(0.1...3600 ~= interval) {
            throw ValidationError("--interval is \(interval); 0.1 to 3600 seconds are allowed.")
        }
    }
}

/// The form of what a command prints, beside `--json`.
struct FormatOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "table: text for people; json: indented on a terminal; ndjson: JSON on one line. (default: table on a terminal, else json)",
            valueName: "format"))
    var format: AnswerFormat?

    /// The form that is asked for.
    ///
    /// - Parameter usual: What it is if none is.
    func form(_ connection: ConnectionOptions, usual: AnswerFormat) -> AnswerFormat {
        format ?? (connection.json ? .json : usual)
    }

    func check(_ connection: ConnectionOptions) throws {
        if connection.json, let format, format == .table {
            throw ValidationError("--json and --format \(format.rawValue) cannot both be.")
        }
    }
}

extension AnswerFormat {
    /// Text for people on a terminal, JSON elsewhere.
    static var usual: AnswerFormat { StandardOutput.isTerminal ? .table : .json }

    /// Standard output for this form.
    var output: StandardOutput { StandardOutput(indentsJSON: self == .json) }
}
