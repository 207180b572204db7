import ArgumentParser
import IMAttrClient

/// What every command takes: where the daemon is, and which form the answer has.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String?

    @Flag(help: "Print JSON, on a terminal too.")
    var json = false

    /// Whether the answer is for a person to read.
    var isForReading: Bool { !json && StandardOutput.isTerminal }

    func validate() throws {
        if socket?.isEmpty == true { throw ValidationError("--socket: the path is empty.") }
    }

    /// Connects and runs a command's work; failures are told on standard error and become the exit status.
    func run(_ work: (IMAttrClient) async throws -> ExitStatus) async throws {
        Signals.endAtInterrupt()
        let status: ExitStatus
        do {
            status = try await IMAttrClient.withConnection(socketPath: socket ?? IMAttrSocket.defaultPath()) { client in
                try await work(client)
            }
        } catch {
            let failure = Failure(error)
            StandardError.write(failure.text)
            status = failure.status
        }
        throw ExitCode(status.rawValue)
    }
}
