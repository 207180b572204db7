import ArgumentParser
import AttributeAPI
import IMAttrClient
import JSONTokens

/// `imattr log-level`: what the daemon logs until its next reload.
struct LogLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Set what the daemon logs, until its next reload.",
        discussion: """
            The levels are \(SetLogLevel.levels.joined(separator: ", ")). 'imattr reload' brings back the configured one. Only for \
            root, or for the daemon's own user if it was started with --socket.

            Example:
              sudo imattr log-level debug
            """
    )

    @Argument(help: "The least that is logged.", completion: .list(SetLogLevel.levels))
    var level: String

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard SetLogLevel.levels.contains(level) else {
            throw ValidationError("The level must be one of \(SetLogLevel.levels.joined(separator: ", ")).")
        }
        try format.check(connection)
    }

    func run() async throws {
        try await connection.administer { client in
            var params = JSONWriter()
            params.object { json in
                json.key("level")
                json.string(level)
            }
            let json = try await client.call("setLogLevel", params: params.bytes)
            let form = format.form(connection, usual: .usual)
            var output = form.output
            if form == .table {
                try output.write(line: "The log level is \(level).")
            } else {
                try output.write(json: json)
            }
            try output.flush()
            return .answered
        }
    }
}
