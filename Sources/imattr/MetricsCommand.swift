import ArgumentParser
import AttributeAPI
import IMAttrClient
import JSONTokens

/// `imattr metrics`: the daemon's metrics, as the text of OpenMetrics.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the daemon's metrics in the format of OpenMetrics.",
        discussion: """
            The text is the same on a terminal and in a pipe; --json prints the daemon's whole result.

            Examples:
              imattr metrics | grep imattrd_queue
              imattr metrics --json | jq -r .contentType
            """
    )

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.run { client in
            let result = try await client.call(MethodName.getMetrics.rawValue)
            var output = StandardOutput()
            if connection.json {
                try output.write(result)
                try output.write(line: "")
            } else {
                for line in try Self.lines(of: result) { try output.write(line: TerminalText.escape(line)) }
            }
            try output.flush()
            return .answered
        }
    }

    private static func lines(of result: [UInt8]) throws(IMAttrError) -> [String] {
        guard let body = (try? JSONTree(json: result))?["body"]?.text else {
            throw .protocol("an answer to getMetrics without a body")
        }
        return body.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    }
}
