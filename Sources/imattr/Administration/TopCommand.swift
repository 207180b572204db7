import ArgumentParser
import AttributeAPI
import IMAttrClient

/// `imattr top`: who uses the limit.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show who uses the limit: callers by user and by connection.",
        discussion: """
            On a terminal it is a live view until q or Ctrl-C. Elsewhere it is printed once, with what was asked for within one interval; \
            with --format json or ndjson it is the daemon's answer, whose numbers count from the start. Only for root, or for the \
            daemon's own user if it was started with --socket.

            Examples:
              sudo imattr top
              sudo imattr top --json | jq '.users[0]'
            """
    )

    @OptionGroup var updates: UpdateOptions

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.administer { client in
            let form = format.form(connection, usual: .table)
            if form != .table {
                var output = form.output
                try output.write(json: try await callers(client))
                try output.flush()
                return .answered
            }
            if StandardOutput.isTerminal { try await follow(client) }
            try await showOnce(client)
            return .answered
        }
    }

    /// Rows below the view: an empty one, how to leave, and the cursor's.
    private static let below = 3

    private func callers(_ client: IMAttrClient) async throws -> [UInt8] {
        try await client.call("getCallers", params: nil)
    }

    private func showOnce(_ client: IMAttrClient) async throws {
        var view = CallersView(style: Style(isColoured: false))
        var output = AnswerFormat.table.output
        let start = ContinuousClock.now
        view.look(try Callers(try await callers(client)), at: .zero)
        try await Task.sleep(for: .seconds(updates.interval))
        view.look(try Callers(try await callers(client)), at: ContinuousClock.now - start)
        for line in view.lines(rows: .max, columns: .max) { try output.write(line: line) }
        try output.flush()
    }

    /// Looks until q or Ctrl-C. A daemon that is away is looked for again, as in `imattr status --watch`.
    private func follow(_ client: IMAttrClient) async throws -> Never {
        let keyboard = Keyboard()
        keyboard?.endAtQ()
        var view = CallersView(style: Style(isTerminal: true))
        var output = AnswerFormat.table.output
        let start = ContinuousClock.now
        var next = start
        while true {
            let lines: [String]
            do throws(IMAttrError) {
                let json = try await client.call("getCallers", params: nil)
                view.look(try Callers(json), at: ContinuousClock.now - start)
                let screen = Screen.size
                lines = view.lines(rows: screen.rows - Self.below, columns: screen.columns)
            } catch {
                guard case .unreachable = error else { throw error }
                lines = ["imattrd   \(TerminalText.escape(Failure(error).text))"]
            }
            try output.write(screen: lines + ["", "q leaves"])
            try output.flush()
            next += .seconds(updates.interval)
            try await Task.sleep(until: max(next, .now))
        }
    }
}
