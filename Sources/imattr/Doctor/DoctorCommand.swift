import ArgumentParser
import Glibc
import IMAttrClient

/// `imattr doctor`: everything between this user and an answer, step by step.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out why the daemon does not answer, and what to do.",
        discussion: """
            Checks everything from the caller's side: the socket and your right to connect, the daemon and its state, the rule that applies to you, and one real \
            call, which asks the upstream for one account. The steps after a failed one are not tried. The exit code is that of \
            the first failure.

            'imattrd --check --online', run as root, checks the daemon's side: the configuration, the key, DNS, TLS and the clock.

            Examples:
              imattr doctor
              sudo -u SERVICE imattr doctor --account 'Zhang Xiaohong'
            """
    )

    /// Every app can have it.
    static let usualAccount = "administrator"

    @Option(help: "The account to ask for; whether upstream knows it does not matter.")
    var account = Self.usualAccount

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if !(Account.allowedLength ~= account.utf8.count) {
            throw ValidationError("--account has \(account.utf8.count) bytes; 1 to 255 are allowed.")
        }
        try format.check(connection)
    }

    func run() async throws {
        try await connection.end {
            let examination = Examination(
                path: connection.path, origin: connection.pathOrigin, account: Account(account))
            let findings = await examination.run()
            try write(findings)
            return findings.first { $0.verdict.isFailure }?.verdict.status ?? .answered
        }
    }

    private func write(_ findings: [Finding]) throws {
        let form = format.form(connection, usual: .table)
        var output = form.output
        if form != .table {
            try output.write(json: Finding.json(findings))
        } else {
            let style = Style(isTerminal: StandardOutput.isTerminal)
            for line in findings.flatMap({ $0.lines(style) }) { try output.write(line: line) }
        }
        try output.flush()
    }
}
