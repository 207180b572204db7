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

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.run { client in
            try await client.ping()
            var output = StandardOutput()
            try output.write(line: connection.isForReading ? "pong" : "\"pong\"")
            try output.flush()
            return .answered
        }
    }
}
