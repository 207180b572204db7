import ArgumentParser
import AttributeAPI
import IMAttrClient

/// `imattr help`: about a command of this program, or about a method, as the daemon describes it.
struct HelpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Explain a command, or a method of the daemon.",
        discussion: """
            A command is explained by imattr itself. A method is explained by the daemon, with the limits in force; \
            --format json prints its OpenRPC description.

            Examples:
              imattr help get
              imattr help getAttrs
              imattr help --method ping
            """
    )

    @Argument(help: "A command or a method.", completion: .list(names))
    var name: String?

    /// What a shell can complete; the daemon is not asked while a user types.
    private static let names: [String] = {
        let commands = IMAttr.configuration.subcommands.compactMap { $0.configuration.commandName }
        return commands + MethodName.callable.filter { !commands.contains($0) }
    }()

    @Flag(help: "The name is a method's, also if a command has it.")
    var method = false

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try format.check(connection) }

    func run() async throws {
        guard let name else { throw CleanExit.message(IMAttr.helpMessage()) }
        let command = IMAttr.configuration.subcommands.first { $0.configuration.commandName == name }
        if let command, !method { throw CleanExit.message(IMAttr.helpMessage(for: command)) }
        try await connection.run { client in
            try Self.explain(
                name, with: try await client.call(MethodName.discover.rawValue),
                format.form(connection, usual: .table))
        }
    }

    private static func explain(
        _ name: String, with json: [UInt8], _ form: AnswerFormat
    ) throws -> ExitStatus {
        let document = try DiscoveryDocument(json)
        guard let method = document.method(name) else {
            let known = IMAttr.configuration.subcommands.compactMap { $0.configuration.commandName } + document.names
            let question = Suggestions.question(name, among: known)
            let list = known.joined(separator: ", ")
            StandardError.write("there is no command or method '\(name)'.\(question) There are \(list).")
            return .usage
        }
        var output = form.output
        if form != .table {
            try output.write(json: method.json)
        } else {
            let page = MethodPage(method, in: document)
            for line in page.lines { try output.write(line: TerminalText.escape(line)) }
        }
        try output.flush()
        return .answered
    }
}

extension MethodName {
    /// The names of what can be called by hand; the others are notifications.
    static let callable = allCases.filter { $0 != .cancelRequest }.map(\.rawValue)
}
