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
            The text (--format table) is the same on a terminal and in a pipe; --format json prints the daemon's whole result.

            Examples:
              imattr metrics | grep imattrd_queue
              imattr metrics --json | jq -r .contentType
            """
    )

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.run { client in
            let result = try await client.call(MethodName.getMetrics.rawValue)
            let form = format.form(connection, usual: .table)
            var output = form.output
            if form != .table {
                try output.write(json: result)
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
