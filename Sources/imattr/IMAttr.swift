import ArgumentParser
import Glibc

/// The command-line client.
@main
struct IMAttr: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattr",
        abstract: "Asks imattrd for the attributes of Tencent Chat accounts.",
        discussion: """
            Answers are a table on a terminal, and JSON when piped or with --json. --format chooses another form. JSON on a terminal \
            is indented and, unless NO_COLOR is set, coloured.

            Examples:
              imattr get 'Zhang Xiaohong' abc
              imattr get < accounts.txt > attributes.json
              imattr get abc | jq -r '.UserAttrs[].Attrs'
              imattr status
              imattr call getAttrs '{"To_Account":["abc"],"maxAgeMs":60000}'

            The socket is that of --socket, else of IMATTRD_SOCKET, else /run/imattrd/imattrd.sock.

            Exit codes: 0 all answered; 1 upstream refused all or some; 3 answered, some accounts missing; 64 usage; 69 no daemon; \
            70 internal; 75 try again; 76 not our protocol; 77 access denied; 78 daemon misconfigured; 130 Ctrl-C.
            """,
        version: "0.1.0",
        subcommands: [
            GetCommand.self,
            StatusCommand.self,
            WaitCommand.self,
            DoctorCommand.self,
            BugReportCommand.self,
            PingCommand.self,
            MetricsCommand.self,
            CallCommand.self,
            ReloadCommand.self,
            LogLevelCommand.self,
            TopCommand.self,
            VersionCommand.self,
            CompletionCommand.self,
            HelpCommand.self,
        ]
    )

    /// Taken before the command's name as well as after it.
    @OptionGroup var connection: ConnectionOptions

    static func main() async {
        // Swift repairs arguments that are not UTF-8, and a repaired account is another one.
        for argument in UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).dropFirst() {
            guard let argument, String(validatingCString: argument) == nil else { continue }
            exit(withError: ValidationError("Arguments must be UTF-8; '\(String(cString: argument))' is not."))
        }
        let known = configuration.subcommands.compactMap { $0.configuration.commandName }
        let unknown = Suggestions.unknownCommand(
            in: CommandLine.arguments.dropFirst(), known: known, valueOptions: ["--socket"])
        if let unknown {
            let question = Suggestions.question(unknown, among: known)
            StandardError.write("there is no command '\(unknown)'.\(question) 'imattr help' lists the commands.")
            _exit(ExitStatus.usage.rawValue)
        }
        await main(nil)
    }
}
