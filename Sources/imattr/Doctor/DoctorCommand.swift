import ArgumentParser
import Glibc
import IMAttrClient

/// `imattr doctor`: everything between this user and an answer, step by step.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out why the daemon does not answer, and what to do.",
        discussion: """
            Checks everything from the caller's side: the socket and your right to connect, the daemon and its state, and one real \
            call, which asks the upstream for one account. The steps after a failed one are not tried. The exit code is that of \
            the first failure.

            'imattrd --check --online', run as root, checks the daemon's side: the configuration, the key, DNS, TLS and the clock.

            Examples:
              imattr doctor
              sudo -u SERVICE imattr doctor --account 'Zhang Xiaohong'
            """
    )

    @Option(help: "The account to ask for; whether upstream knows it does not matter.")
    var account = "administrator"

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if !(Account.allowedLength ~= account.utf8.count) {
            throw ValidationError("--account has \(account.utf8.count) bytes; 1 to 255 are allowed.")
        }
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
        var output = StandardOutput()
        if connection.json {
            try output.write(Finding.json(findings))
            try output.write(line: "")
        } else {
            let style = Style(isTerminal: StandardOutput.isTerminal)
            for line in findings.flatMap({ $0.lines(style) }) { try output.write(line: line) }
        }
        try output.flush()
    }
}
