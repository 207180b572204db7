import ArgumentParser
import AttributeDaemon
import DaemonConfiguration
import Glibc
import JSONRPCServer
import Systemd

/// `imattrd`: from arguments to a running daemon.
struct ImattrdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattrd",
        abstract: "Serves Tencent Chat's im_get_attr on a Unix socket, as line-delimited JSON-RPC 2.0.",
        discussion: """
            Run by systemd, it takes over the socket of imattrd.socket. Run by hand, it needs --socket:

              imattrd --config config.yaml --socket /tmp/imattrd.sock

            imattrd signer is another program: it holds the app's secret key for the daemon; see imattrd signer --help.

            Each key of the configuration is a flag (--rate-limit), an environment variable (IMATTRD_RATE_LIMIT) and a \
            key of the file (rateLimit); the first of these that is given counts.
            """,
        version: Version.current)

    @Option(
        help: ArgumentHelp("The configuration file. (default: /etc/imattrd/config.yaml if present)", valueName: "path"),
        completion: .file())
    var config: String?
    @Option(
        help: ArgumentHelp(
            "Bind a socket here; ignored if systemd hands one over. Several can be given: all but one have a name, for rules.",
            valueName: "[name=]path"),
        completion: .file())
    var socket: [String] = []
    @Option(help: ArgumentHelp("The group that may connect to the --socket without a name.", valueName: "group"))
    var socketGroup: String?
    @Flag(help: "Print the configuration in force and where it comes from, and exit.") var check = false
    @Flag(help: "With --check: make one real call, too.") var online = false
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "With --check: print the rights of a caller: user:NAME, uid:N or socket:NAME[,uid:N].", valueName: "caller")
    )
    var caller: String?
    @Flag(help: .init("Print what manuals are made from, as JSON, and exit.", visibility: .hidden)) var describe = false
    @OptionGroup(title: "Keys") var keys: KeyOptions

    func validate() throws {
        if caller != nil, !check { throw ValidationError("--as goes only with --check") }
        if online, !check { throw ValidationError("--online goes only with --check") }
        if socketGroup != nil, socket.isEmpty { throw ValidationError("--socket-group goes only with --socket") }
    }

    func run() async throws {
        if describe {
            puts(SelfDescription.json)
            return
        }
        let source = ConfigurationSource(file: config, flags: keys.values)
        if check {
            throw try await CheckRun(source: source, online: online, caller: try caller.map(NamedCaller.init)).run()
        }
        let inherited = try orFail(.noSocket) { () throws(InheritedSockets.Failure) in try InheritedSockets() }
        if let inherited {
            try await DaemonRun(source: source).run(inherited: inherited)
        } else if !socket.isEmpty {
            try await DaemonRun(source: source).run(own: try SocketOption.all(socket), group: socketGroup)
        } else {
            throw ValidationError("no socket: give --socket PATH, or start imattrd.socket with systemctl")
        }
    }

    /// Runs what the arguments ask for.
    /// - Returns: The status to exit with.
    static func run(_ arguments: [String]) async -> ExitCode {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .success
        } catch {
            return report(fullMessage(for: error), exitCode(for: error), of: arguments)
        }
    }

    /// Prints why a command has ended, if that is not said yet.
    static func report(_ message: String, _ code: ExitCode, of arguments: [String]) -> ExitCode {
        if code.isSuccess {
            puts(message)
        } else if !message.isEmpty {
            StandardError.write(UsageError(message, of: arguments).message)
        }
        return code
    }
}
