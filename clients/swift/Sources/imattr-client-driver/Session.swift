import IMAttrClient
import JSONTokens

/// The client that is driven, and what runs.
struct Session {
    private var client: IMAttrClient?
    /// Tasks by the names of their calls: each can be cancelled by its name, and all are waited for at the end.
    private var calls: [String: Task<Void, Never>] = [:]
    private var pauses: [String: Pause] = [:]

    /// Does what a command says; calls run on beside what comes next.
    mutating func perform(_ command: Command) async {
        switch command.verb {
        case "open": open(command)
        case "close": await close()
        case "cancel": calls[command.call]?.cancel()
        case "resume": pauses[command.call]?.end(.goOn)
        case "leave": pauses[command.call]?.end(.leave)
        default: start(command)
        }
    }

    /// Waits for what runs, and closes.
    mutating func end() async {
        for call in calls.values { await call.value }
        await client?.close()
    }

    private mutating func open(_ command: Command) {
        client = command.socket.map { IMAttrClient(socketPath: $0) } ?? IMAttrClient()
        Output.say { json in
            json.key("opened")
            json.boolean(true)
        }
    }

    private mutating func close() async {
        await client?.close()
        Output.say { json in
            json.key("closed")
            json.boolean(true)
        }
    }

    private mutating func start(_ command: Command) {
        let client = client ?? IMAttrClient()
        self.client = client
        let pause = Pause()
        if command.pauseAfter != nil { pauses[command.call] = pause }
        calls[command.call] = Task {
            do {
                try await Self.run(command, client, pause)
            } catch {
                Output.say(call: command.call, error: error)
            }
        }
    }

    private static func run(_ command: Command, _ client: IMAttrClient, _ pause: Pause) async throws {
        let name = command.call
        switch command.verb {
        case "getAttrs":
            let result = try await client.getAttrs(
                command.accounts, timeout: command.timeout, maxAge: command.maxAge, partial: command.partial)
            Output.say(call: name, result: result.json(partial: command.partial))
        case "stream":
            try await StreamRun(command: command, client: client, pause: pause).run()
        case "ping":
            try await client.ping(timeout: command.timeout)
            Output.say(call: name, result: Array("\"pong\"".utf8))
        case "getStatus":
            Output.say(call: name, result: try await client.getStatus(timeout: command.timeout).json)
        case "call":
            let result = try await client.call(command.method, params: command.params, timeout: command.timeout)
            Output.say(call: name, result: result)
        case "loop":
            let time = try await Loop.run(of: command.loop, count: command.count ?? 1, client)
            Output.say(call: name) { json in
                json.key("nanoseconds")
                json.integer(time)
            }
        default:
            Output.complain("unknown command \(command.verb)")
        }
    }
}
