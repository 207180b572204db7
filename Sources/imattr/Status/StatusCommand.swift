import ArgumentParser
import Glibc
import IMAttrClient

/// `imattr status`: what the daemon says about itself.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon's state, limits and counters.",
        discussion: """
            With --watch it continues until q or Ctrl-C: on a terminal as a live view with curves of the last minute's calls per second, \
            accounts per call (fill), waiting accounts and slots; otherwise, or with --format table in a pipe, as one line for each interval, or with --format json or ndjson as one \
            JSON text. The row 'you' is about your own user: how many of its accounts wait, how many users share the limit, and what they \
            wait for. Colours are used on terminals only, and not if NO_COLOR is set.

            Examples:
              imattr status
              imattr status --watch
              imattr status --json | jq -r .state
            """
    )

    @Flag(name: .shortAndLong, help: "Show it repeatedly.")
    var watch = false

    @OptionGroup var updates: UpdateOptions

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.run { client in
            if watch { try await follow(client) }
            try show(try await client.getStatus().json)
            return .answered
        }
    }

    private func show(_ json: [UInt8]) throws {
        let form = format.form(connection, usual: .usual)
        var output = form.output
        if form == .table {
            let style = Style(isTerminal: StandardOutput.isTerminal)
            let text = StatusText(status: try DaemonStatus(json), style: style, now: time(nil), uid: getuid())
            for line in text.lines { try output.write(line: line) }
        } else {
            try output.write(json: json)
        }
        try output.flush()
    }

    /// Looks until Ctrl-C. A daemon that is away is looked for again: a restart is what one watches.
    private func follow(_ client: IMAttrClient) async throws -> Never {
        var watching = StatusWatch(format.format ?? (connection.json ? .json : nil))
        let keyboard = watching.isScreen ? Keyboard() : nil
        keyboard?.endAtQ()
        var next = ContinuousClock.now
        while true {
            let answer: Result<[UInt8], IMAttrError>
            do throws(IMAttrError) {
                answer = .success(try await client.getStatus().json)
            } catch {
                answer = .failure(error)
            }
            switch answer {
            case .success(let json): try watching.show(json)
            case .failure(let error): try watching.show(Failure(error))
            }
            next += .seconds(updates.interval)
            try await Task.sleep(until: max(next, .now))
        }
    }
}
