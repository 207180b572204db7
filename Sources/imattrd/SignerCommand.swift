import ArgumentParser
import AttributeDaemon
import DaemonConfiguration
import Glibc
import JSONRPCServer
import Logging
import Signer
import Systemd

/// `imattrd signer`: the process that holds the key and does nothing else. It has one thread, and no event loop.
struct SignerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattrd signer",
        abstract: "Holds the app's secret key, and makes UserSigs for imattrd.",
        discussion: """
            Run by systemd, it serves the socket of imattrd-signer.socket. It reads the same configuration as imattrd, and signs \
            only for the sdkAppId and admin of it, for userSigTtlSeconds.
            """,
        version: Version.current)

    /// The word that runs it.
    static let name = "signer"

    @Option(
        help: ArgumentHelp("The configuration file. (default: /etc/imattrd/config.yaml if present)", valueName: "path"),
        completion: .file())
    var config: String?

    func run() throws {
        let socket = try orFail(.noSocket) { () throws(InheritedSockets.Failure) in try InheritedSigner.take() }
        let source = ConfigurationSource(file: config, flags: [:])
        let log = Log(isJSON: false, level: .info)
        let credential = source.readForSigner().map {
            SignerServer.Credential(
                sdkAppID: $0.sdkAppID, key: $0.key, admin: $0.admin, lifetime: $0.userSigLifetime)
        }
        switch credential {
        case .success:
            ServiceManager.notify(.ready, .status("ready"))
            log.logger.notice("started", metadata: ["version": "\(Version.current)"])
        case .failure(let error):
            // It stays up: systemd would start it again at once for the daemon that waits, until the socket unit fails for good.
            ServiceManager.notify(.ready, .status("misconfigured: \(error.lines.joined(separator: "; "))"))
            for line in error.lines { log.logger.error("misconfigured", metadata: ["why": "\(line)"]) }
        }
        var server = SignerServer(
            on: socket, credential.mapError { SignerProblems(lines: $0.lines) }, logger: log.logger)
        let error = server.run()
        log.logger.critical("the socket cannot be used", metadata: ["why": "\(String(cString: strerror(error)))"])
        log.flush()
        throw ExitCode.noSocket
    }

    /// Runs what the arguments after the word ask for.
    /// - Returns: The status to exit with.
    static func run(_ arguments: [String]) -> ExitCode {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return .success
        } catch {
            return ImattrdCommand.report(fullMessage(for: error), exitCode(for: error), of: arguments)
        }
    }
}
