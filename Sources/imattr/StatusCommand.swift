import ArgumentParser
import IMAttrClient

/// `imattr status`: what the daemon says about itself.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon's state, limits and counters.",
        discussion: """
            Examples:
              imattr status
              imattr status --json | jq -r .state
            """
    )

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.run { client in
            let status = try await client.getStatus()
            var output = StandardOutput()
            if connection.isForReading {
                for line in try FlatValues(status).lines { try output.write(line: line) }
            } else {
                try output.write(status)
                try output.write(line: "")
            }
            try output.flush()
            return .answered
        }
    }
}
