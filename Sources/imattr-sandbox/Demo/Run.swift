import ArgumentParser
import Glibc
import Synchronization
import UnixSignals

/// `imattr-sandbox run`: a command, with a whole imattrd beside it for as long as it runs.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command, such as a test suite, with a sandbox and a whole imattrd beside it.",
        discussion: """
            The daemon is ready before the command starts, and IMATTRD_SOCKET leads to it, so that every client finds it. Afterwards \
            everything is ended and removed. The exit code is the command's (128 and the signal's number if a signal ended it); \
            125 if the sandbox or the daemon did not start, 126 and 127 if the command cannot be run or is not found. SIGTERM and \
            SIGHUP are passed on.

            Examples:
              imattr-sandbox run -- pytest
              imattr-sandbox run --users users.json --unknown missing -- npm test
              imattr-sandbox run --fault error=90001@account=bad -- ./job
            """)

    @Option(
        help: ArgumentHelp("Where the daemon listens. Default: in a temporary folder.", valueName: "path"),
        completion: .file())
    var socket: String?

    @OptionGroup(title: "Endpoint options")
    var endpoint: EndpointOptions

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after '--'.")
    var command: [String] = []

    private static let notStarted = ExitCode(125)
    private static let notRunnable = ExitCode(126)
    private static let notFound = ExitCode(127)

    func validate() throws {
        if command.isEmpty { throw ValidationError("Give a command after '--', as in: imattr-sandbox run -- pytest") }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let code: ExitCode
        do {
            code = try await DemoDaemon.run(endpoint, socketPath: socket) { await conduct($0, signals) }
        } catch let error as CommandFailure {
            Output.error("imattr-sandbox: \(error.failure)")
            code = error.failure.code == ENOENT ? Self.notFound : Self.notRunnable
        } catch {
            Output.error("imattr-sandbox: \(error)")
            code = Self.notStarted
        }
        throw code
    }

    // MARK: The command

    private func conduct(_ daemon: DemoDaemon, _ signals: UnixSignalsSequence) async -> Result<ExitCode, any Error> {
        let command = ForegroundCommand(command, variables: ["IMATTRD_SOCKET": daemon.socketPath])
        return await withTaskGroup(of: Result<ExitCode, any Error>.self) { group in
            group.addTask {
                do {
                    try await daemon.waitUntilReady()
                    return .success(ExitCode(try await command.start().waitForEnd().shellStatus))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                for await signal in signals {
                    let number = signal.rawValue
                    if !command.pass(number) { return .success(ExitCode(128 + number)) }
                }
                return .failure(CancellationError())
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(CancellationError())
        }
    }
}

/// The command could not be started.
private struct CommandFailure: Error {
    let failure: File.Failure
}

/// The command of ``Run``, which gets the signals that come.
private final class ForegroundCommand: Sendable {
    /// How far it is. A signal that comes before it has started keeps it from starting.
    private enum State {
        case waiting
        case running(ChildProcess)
        case givenUp
    }

    private let words: [String]
    private let variables: [String: String]
    private let state = Mutex(State.waiting)

    init(_ words: [String], variables: [String: String]) {
        self.words = words
        self.variables = variables
    }

    func start() throws -> ChildProcess {
        try state.withLock { state in
            if case .givenUp = state { throw CancellationError() }
            do {
                let child = try ChildProcess(
                    words[0], arguments: Array(words.dropFirst()), .foreground(variables: variables))
                state = .running(child)
                return child
            } catch let failure as File.Failure {
                throw CommandFailure(failure: failure)
            }
        }
    }

    /// Passes a signal on; false if there is no command yet, which is not started any more.
    func pass(_ number: Int32) -> Bool {
        state.withLock { state in
            guard case .running(let child) = state else {
                state = .givenUp
                return false
            }
            // A terminal has sent its Ctrl-C to the command, too.
            let isFromTerminal = number == SIGINT && tcgetpgrp(STDIN_FILENO) == getpgrp()
            if !isFromTerminal { child.signal(number) }
            return true
        }
    }
}
