import Glibc
import ArgumentParser
import IMAttrClient

/// `imattr get`: the attributes of accounts.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Get the attributes of accounts.",
        discussion: """
            Without accounts, or with '-', accounts are read from standard input, one per line. Any number can be asked \
            for: they go out as requests of \(batch) with \(inFlight) under way, and answers are printed in input order \
            as they come. Memory stays bounded, but names of missing accounts are held to the end of the JSON document \
            (about 20 MB for a million). An account that is repeated is answered once within each \(batch), and again \
            after that: use 'sort -u' on lists with repetitions. After an error the JSON document is left unfinished, or \
            nothing is printed at all.

            Examples:
              imattr get 'Zhang Xiaohong' abc
              imattr get - < accounts.txt > attributes.json
              imattr get --max-age-ms 60000 abc
            """
    )

    static let batch = 500
    static let inFlight = 32

    @Argument(help: "Accounts (To_Account), each 1 to 255 bytes.")
    var accounts: [String] = []

    @Option(help: ArgumentHelp("How long the daemon may take for each request: 1 to 600000.", valueName: "ms"))
    var timeoutMs: Int?

    @Option(help: ArgumentHelp("How old an answer that is held may be: 0 to 3600000.", valueName: "ms"))
    var maxAgeMs: Int?

    @OptionGroup var connection: ConnectionOptions

    private var readsStandardInput: Bool { accounts.isEmpty || accounts == ["-"] }

    func validate() throws {
        if accounts.isEmpty, isatty(STDIN_FILENO) == 1 {
            throw ValidationError("Name at least one account, or give '-' to type them, one per line.")
        }
        if accounts.count > 1, accounts.contains("-") {
            throw ValidationError("'-' (standard input) cannot stand beside other accounts.")
        }
        for (index, account) in accounts.enumerated() where !(Account.allowedLength ~= account.utf8.count) {
            throw ValidationError(
                "Account \(index + 1) has \(account.utf8.count) bytes; 1 to 255 are allowed.")
        }
        if let timeoutMs, !(1...600_000 ~= timeoutMs) {
            throw ValidationError("--timeout-ms is \(timeoutMs); 1 to 600000 are allowed.")
        }
        if let maxAgeMs, !(0...3_600_000 ~= maxAgeMs) {
            throw ValidationError("--max-age-ms is \(maxAgeMs); 0 to 3600000 are allowed.")
        }
    }

    func run() async throws {
        try await connection.run { client in
            if readsStandardInput { return try await answer(AccountLines(source: StandardInput.read), client) }
            return try await answer(AccountSequence(accounts.map { Account($0) }), client)
        }
    }

    private func answer<Accounts: AsyncSequence>(
        _ accounts: Accounts, _ client: IMAttrClient
    ) async throws -> ExitStatus where Accounts.Element == Account {
        let results = client.batches(
            of: accounts, batch: Self.batch, inFlight: Self.inFlight,
            timeout: .milliseconds(timeoutMs ?? 30_000), maxAge: maxAgeMs.map { .milliseconds($0) })
        return connection.isForReading ? try await printTable(results) : try await printDocument(results)
    }

    private func printDocument<Accounts>(_ results: AttributeBatches<Accounts>) async throws -> ExitStatus {
        var output = StandardOutput()
        var document = AttributeDocument()
        for try await result in results { try output.write(document.append(result)) }
        try output.write(document.end())
        try output.write(line: "")
        try output.flush()
        return document.hasMissing ? .someMissing : .answered
    }

    private func printTable<Accounts>(_ results: AttributeBatches<Accounts>) async throws -> ExitStatus {
        var output = StandardOutput()
        var table = AttributeTable()
        var missing = MissingNote()
        for try await result in results {
            missing.append(result)
            for line in try table.append(result) { try output.write(line: line) }
            try output.flush()
        }
        guard let note = missing.text else { return .answered }
        StandardError.write(note)
        return .someMissing
    }
}
