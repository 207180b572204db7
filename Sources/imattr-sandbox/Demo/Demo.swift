import ArgumentParser
import Glibc
import UnixSignals

/// `imattr-sandbox demo`: the endpoint, a daemon in front of it, and one call through its socket.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the endpoint with a whole imattrd, make the example call, and stay until Ctrl-C.",
        discussion: """
            Examples:
              imattr-sandbox demo
              imattr-sandbox demo --socket /tmp/imattrd.sock --users users.json
            """)

    @Flag(help: "Exit after the call: 0 if it was answered with a result, else 1.")
    var once = false

    @Option(
        help: ArgumentHelp("Where the daemon listens. Default: in a temporary folder.", valueName: "path"),
        completion: .file())
    var socket: String?

    @OptionGroup(title: "Endpoint options")
    var endpoint: EndpointOptions

    /// The vendor's example, as a line of JSON-RPC.
    static let exampleCall = """
        {"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["Zhang Xiaohong","Chen Xiaoming","abc"]}}
        """

    func run() async throws {
        // A hang-up too: whatever ends us must end the daemon and remove the folder.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await DemoDaemon.run(endpoint, socketPath: socket) { await conduct($0, until: signals) }
    }

    /// Makes the call and stays, until that is over or a signal comes.
    private func conduct(_ daemon: DemoDaemon, until signals: UnixSignalsSequence) async -> Result<Void, any Error> {
        await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask {
                do { return .success(try await callAndStay(daemon)) } catch { return .failure(error) }
            }
            group.addTask {
                for await _ in signals { break }
                // Ctrl-C is how a demo that stays ends; one that was to make its call has not made it.
                return once ? .failure(ExitCode.failure) : .success(())
            }
            defer { group.cancelAll() }
            return await group.next() ?? .success(())
        }
    }

    private func callAndStay(_ daemon: DemoDaemon) async throws {
        try await daemon.waitUntilReady()
        let socket = try LineSocket(path: daemon.socketPath)
        Output.line("→ \(Self.exampleCall)")
        let answer = try socket.exchange(Self.exampleCall)
        Output.line("← \(answer)")
        let isResult = JSONRPCAnswer(answer).isResult
        guard !once else {
            if !isResult { throw ExitCode.failure }
            return
        }
        Output.line(Hints(socketPath: daemon.socketPath).text)
        try await daemon.waitUntilEnd()
    }
}

/// How to talk to the demo's daemon from another terminal.
struct Hints {
    var socketPath: String

    var text: String {
        let call = #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["abc"]}}"#
        return """

            From another terminal:
              IMATTRD_SOCKET=\(socketPath) \(Programs.imattr) get abc
              printf '%s\\n' '\(call)' | nc -U -N \(socketPath)
              python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("\(socketPath)"); \
            s.sendall(b"{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"ping\\"}\\n"); print(s.makefile().readline())'
            Ctrl-C ends it.
            """
    }
}
