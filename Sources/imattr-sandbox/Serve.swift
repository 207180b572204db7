import ArgumentParser
import Dispatch
import FoundationEssentials
import UnixSignals
import UpstreamSandbox
import UserSig

/// `imattr-sandbox serve`: the endpoint alone.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the endpoint until SIGINT or SIGTERM (the default command).",
        discussion: """
            The first line of standard output comes when it listens, and is a JSON object: url, caFile (the \
            certificate to trust), sdkAppId, admin and secretKeyFile, which are an imattrd's upstreamUrl, \
            upstreamCaFile, sdkAppId, admin and secretKeyFile. What it has seen is reported at the end and on SIGUSR1. \
            SIGUSR2 brings the faults of --fault-on-signal in, and the next one takes them away again.

            With --control it obeys lines of standard input, each of which is: \(ControlLine.textFormat). It answers \
            each by one line of JSON. The end of standard input changes nothing.
            """)

    @Option(help: "The address to listen on.")
    var host: String = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes any free one.")
    var port: UInt16 = 0

    @Option(help: "Where to write the certificate (PEM) that clients are to trust. Default: in a temporary folder.")
    var caFile: String?

    @Option(help: "File with the app's secret key. Default: a made-up key, written to a temporary folder.")
    var secretKeyFile: String?

    @Option(help: "Where to write the report as JSON too.")
    var reportJson: String?

    @Option(
        name: .customLong("fault-on-signal"),
        help: ArgumentHelp(
            "As --fault, but only from one SIGUSR2 to the next; comes before those of --fault.", valueName: "fault"),
        transform: { try Fault(text: $0) })
    var faultsOnSignal: [Fault] = []

    @Flag(help: "Obey lines of standard input; see above.")
    var control = false

    @OptionGroup(title: "Endpoint options")
    var endpoint: EndpointOptions

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sigusr1, .sigusr2)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await start(folder)
        let events = Events(signals: signals, readsLines: control)
        var outage = false
        for await event in events.all {
            switch event {
            case .line(let line): try await obey(line, server)
            case .signal(.sigusr2):
                outage.toggle()
                await server.setFaults(outage ? faultsOnSignal + endpoint.faults : endpoint.faults)
            case .signal(.sigusr1): try await report(server)
            case .signal:
                try await report(server)
                await server.shutDown()
                return
            }
        }
    }

    /// Does what a line of standard input asks for, and says what came of it.
    private func obey(_ line: String, _ server: SandboxServer) async throws {
        do {
            let outcome = try await server.obey(ControlLine(text: line))
            switch outcome {
            case .done: try Output.line(Output.json(Obeyed(control: line)))
            case .ended(let connections): try Output.line(Output.json(Obeyed(control: line, connections: connections)))
            case .report(let report): try Output.line(Output.json(report))
            }
        } catch let error as FaultTextError {
            try Output.line(Output.json(Obeyed(control: line, error: error.reason)))
        }
    }

    /// The answer to a line of standard input.
    private struct Obeyed: Encodable {
        var control: String
        var connections: Int?
        var error: String?
    }

    /// Starts the server and says where it is.
    private func start(_ folder: TemporaryFolder) async throws -> SandboxServer {
        var configuration = try endpoint.configuration()
        configuration.host = host
        configuration.port = Int(port)
        let keyFile = try secretKeyFile ?? folder.write(SandboxConfiguration.madeUpSecretKey + "\n", to: "secret-key")
        configuration.secretKey = try Self.secretKey(file: keyFile)

        let server = try await SandboxServer.start(configuration)
        let certificate = caFile ?? folder.path("ca.pem")
        try server.writeCertificateAuthority(to: certificate)
        let ready = Ready(
            url: server.baseURL, caFile: certificate, sdkAppId: configuration.sdkAppID,
            admin: configuration.administrator, secretKeyFile: keyFile)
        try Output.line(Output.json(ready))
        return server
    }

    /// The key in a file. White space after it does not belong to it.
    private static func secretKey(file: String) throws -> SecretKey {
        var text = try File.text(file)[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
            throw ValidationError("--secret-key-file: it is not a file that holds a secret key.")
        }
        return SecretKey(String(text))
    }

    private func report(_ server: SandboxServer) async throws {
        let report = await server.report()
        Output.line(report.text)
        if let reportJson { try File.write(Output.json(report) + "\n", to: reportJson, mode: 0o644) }
    }

    /// The first line of standard output.
    private struct Ready: Encodable {
        var url: String
        var caFile: String
        var sdkAppId: UInt64
        var admin: String
        var secretKeyFile: String
    }
}

/// What a running sandbox reacts to, in the order in which it comes.
struct Events: Sendable {
    enum Event: Sendable {
        case signal(UnixSignal)
        /// A line of standard input, without its end.
        case line(String)
    }

    let all: AsyncStream<Event>

    /// Signals, and lines of standard input if `readsLines` says so.
    init(signals: UnixSignalsSequence, readsLines: Bool) {
        let (all, continuation) = AsyncStream<Event>.makeStream()
        self.all = all
        // Ends with the stream. A task of its own, because a sequence has no other way to be one of two.
        let forwarding = Task { for await signal in signals { continuation.yield(.signal(signal)) } }
        continuation.onTermination = { _ in forwarding.cancel() }
        guard readsLines else { return }
        // Reading blocks, so it has a thread of its own; it ends with the input or with the process.
        DispatchQueue.global().async {
            while let line = readLine() { continuation.yield(.line(line)) }
        }
    }
}

extension SandboxReport {
    /// The report for people, one count a line.
    var text: String {
        """
        calls            \(calls)
        accounts         \(accounts)
        worst second     \(worstSecond) calls
        over the limit   \(overLimit) calls
        refused          \(Self.list(refusals))
        faults           \(Self.list(faults))
        connections      \(connections)
        other requests   \(otherRequests)
        """
    }

    private static func list(_ counts: [some Comparable & Hashable: Int]) -> String {
        counts.isEmpty
            ? "none"
            : counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }
}
