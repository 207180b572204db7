import ArgumentParser
import IMAttrClient

/// What every command takes: where the daemon is, and which form the answer has.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, on a terminal too.")
    var json = false

    /// Whether the answer is for a person to read.
    var isForReading: Bool { !json && StandardOutput.isTerminal }

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

    /// Runs a command's work with a client; failures are told on standard error and become the exit status.
    func run(_ work: (IMAttrClient) async throws -> ExitStatus) async throws {
        try await end {
            try await IMAttrClient.withClient(socketPath: path) { client in try await work(client) }
        }
    }

    /// Runs a command's work; failures are told on standard error and become the exit status.
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
