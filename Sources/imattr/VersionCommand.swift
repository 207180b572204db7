import ArgumentParser
import IMAttrClient
import JSONTokens

/// `imattr version`: of this program and, if it answers, of the daemon.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of imattr, and that of the daemon if it answers.",
        discussion: """
            Example:
              imattr version --format json
            """
    )

    /// How long the daemon may take.
    private static let patience: Duration = .seconds(2)

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.end {
            let client = IMAttrClient(socketPath: connection.path)
            let status = try? await client.getStatus(timeout: Self.patience)
            await client.close()
            try write(daemon: status?.version)
            return .answered
        }
    }

    private func write(daemon: String?) throws {
        let form = format.form(connection, usual: .table)
        var output = form.output
        if form == .table {
            try output.write(line: "imattr \(IMAttr.configuration.version)")
            if let daemon { try output.write(line: "imattrd \(daemon)") }
        } else {
            var json = JSONWriter()
            json.object { json in
                json.key("imattr")
                json.string(IMAttr.configuration.version)
                json.member("imattrd", daemon) { $0.string($1) }
            }
            try output.write(json: json.bytes)
        }
        try output.flush()
    }
}
