import ArgumentParser
import AttributeAPI
import IMAttrClient

/// `imattr reload`: the daemon reads its configuration again.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the daemon read its configuration and key again.",
        discussion: """
            Prints what is wrong and exits with 78 if the new configuration cannot be used; the old one stays in force then. This is what \
            'systemctl reload imattrd' runs. Only for root, or for the daemon's own user if it was started with --socket.

            Example:
              sudo imattr reload
            """
    )

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        try await connection.administer { client in
            let json = try await client.call("reload", params: nil)
            let form = format.form(connection, usual: .usual)
            var output = form.output
            if form == .table {
                let keys = (try? JSONTree(json: json))?["keysForRestart"]?.elements.compactMap(\.text) ?? []
                try output.write(line: "The new configuration is in force.")
                if !keys.isEmpty {
                    try output.write(
                        line: TerminalText.escape("These changes wait for a restart: \(keys.joined(separator: ", ")).")
                    )
                }
            } else {
                try output.write(json: json)
            }
            try output.flush()
            return .answered
        }
    }
}
