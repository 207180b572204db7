import ArgumentParser
import IMAttrClient

/// `imattr ping`: whether the daemon answers.
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Check that the daemon answers.",
        discussion: """
            This makes no call to the upstream.

            Example:
              imattr ping --json > /dev/null && echo up
            """
    )

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.run { client in
            try await client.ping()
            let form = format.form(connection, usual: .usual)
            var output = form.output
            if form == .table { try output.write(line: "pong") } else { try output.write(json: Array("\"pong\"".utf8)) }
            try output.flush()
            return .answered
        }
    }
}
