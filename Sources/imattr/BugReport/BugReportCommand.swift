import ArgumentParser
import Glibc
import IMAttrClient

/// `imattr bugreport`: all that is needed to look into a problem, as one text.
struct BugReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugreport",
        abstract: "Collect what a bug report needs in one text, without secrets and accounts.",
        discussion: """
            The report has the versions, the daemon's status, what 'imattr doctor' finds (one real call), the configuration as \
            'imattrd --check' shows it, and the last lines of the daemon's log. A section that cannot be made says why; \
            run as root, most of them can. The exit code is 0 unless the report cannot be written.

            The secret key, UserSigs, accounts and the upstream's own texts (ErrorInfo) are left out. Names of files, of the machine's \
            users, of the upstream's host and the app's SDKAppID are not: read the report before you publish it.

            --output FILE is written as FILE.partial and renamed when it is complete.

            Examples:
              imattr bugreport
              sudo imattr bugreport --output report.txt
            """
    )

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to a file instead of standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output: the path is empty.") }
        try format.check(connection)
    }

    func run() async throws {
        try await connection.end {
            // First, since a report that cannot be written need not be made.
            let file = try output.map(AnswerFile.whole)
            let report = await BugReport.collect(path: connection.path, origin: connection.pathOrigin)
            try write(report, to: file)
            return .answered
        }
    }

    private func write(_ report: BugReport, to file: AnswerFile?) throws {
        let form = format.form(connection, usual: .table)
        var output = file.map { StandardOutput(descriptor: $0.descriptor, name: $0.presentPath) } ?? form.output
        if form == .table {
            for line in report.lines { try output.write(line: line) }
        } else {
            try output.write(json: report.json)
        }
        try output.flush()
        try file?.complete()
    }
}
