import IMAttrClient

/// What `imattr get` is to do.
struct GetPlan: Sendable {
    let socketPath: String
    let sources: [AccountInput.Source]
    /// The size of all text that is read, if it is known.
    let bytesInAll: Int?
    let column: String
    let field: String
    let format: OutputFormat
    /// The columns that were asked for; nil to find them.
    let columns: [String]?
    let asTheyArrive: Bool
    let output: String?
    let resume: String?
    let showsProgress: Bool
    let timeout: Duration
    let maxAge: Duration?

    /// Does it, tells on standard error what went wrong, and gives the exit status.
    func run(_ interruption: Interruption) async -> Int32 {
        do {
            let state = try resume.flatMap { path throws(ResumeError) in try earlierState(path) }
            let input = AccountInput(sources, column: column, field: field, bytesInAll: bytesInAll)
            if let state, let resume, try await !input.skip(to: state.position) {
                throw ResumeError.otherInput(path: resume, accounts: state.position.accounts)
            }
            var delivery = try delivery(from: state)
            return try await ask(input, &delivery, interruption)
        } catch {
            if let status = interruption.status {
                StandardError.write("interrupted.")
                return status
            }
            let failure = Failure(error)
            StandardError.write(failure.text)
            return failure.status.rawValue
        }
    }

    private func ask(
        _ input: AccountInput, _ delivery: inout Delivery, _ interruption: Interruption
    ) async throws -> Int32 {
        let client = IMAttrClient(socketPath: socketPath)
        let job = GetJob(client: client, input: input, timeout: timeout, maxAge: maxAge, asTheyArrive: asTheyArrive)
        var failure: (any Error)?
        do {
            try delivery.begin()
            try await job.run { try delivery.deliver($0) }
        } catch {
            failure = error
        }
        // An output that could not be written to is not written to once more.
        if failure is OutputError { delivery.cut() } else { try delivery.end(isComplete: failure == nil) }
        await client.close()
        guard let failure else { return (delivery.hasMissing ? ExitStatus.someMissing : .answered).rawValue }
        let told = interruption.signal == nil ? Failure(failure) : nil
        StandardError.write([told?.text ?? "interrupted.", hint(delivery)].compactMap { $0 }.joined(separator: " "))
        return interruption.status ?? told?.status.rawValue ?? ExitStatus.internalFault.rawValue
    }

    /// How to go on.
    private func hint(_ delivery: Delivery) -> String? {
        let accounts = delivery.position.accounts
        if let output = delivery.outputPath, resume != nil {
            return
                "The answers to the first \(accounts) accounts are in \(output). The same command goes on from there."
        }
        if accounts == 0 { return nil }
        let advice = "A run with --format ndjson --output FILE --resume STATE can be gone on with."
        let place = delivery.outputPath.map { "are in \($0)" } ?? "were written, whole as far as they go"
        return "The answers to \(asTheyArrive ? "some" : "the first \(accounts)") accounts \(place). \(advice)"
    }

    // MARK: Going on

    private func earlierState(_ path: String) throws(ResumeError) -> ResumeState? {
        guard let state = try ResumeState.read(path) else { return nil }
        guard state.format == format else {
            throw .otherOptions(path: path, what: "--format \(state.format.rawValue)")
        }
        guard state.output == output else { throw .otherOptions(path: path, what: "--output \(state.output)") }
        if let columns, let earlier = state.columns, earlier != Columns(columns) {
            throw .otherOptions(path: path, what: "the columns \(earlier.names.joined(separator: ","))")
        }
        return state
    }

    private func delivery(from state: ResumeState?) throws -> Delivery {
        var file: AnswerFile?
        if let output {
            file = resume == nil ? try .whole(output) : try .continued(output, length: state?.bytes)
        }
        return Delivery(
            writer: writer(from: state), file: file,
            resumption: resume.map { Delivery.Resumption(path: $0, format: format) }, from: state,
            showsProgress: showsProgress)
    }

    private func writer(from state: ResumeState?) -> any AnswerWriter {
        switch format {
        case .table: return TableWriter()
        case .json: return DocumentWriter()
        case .ndjson: return LineWriter()
        case .csv, .tsv:
            return SeparatedWriter(
                separator: format.separator ?? UInt8(ascii: ","),
                columns: state?.columns ?? columns.map { Columns($0) }, isContinued: (state?.bytes ?? 0) > 0)
        }
    }
}
