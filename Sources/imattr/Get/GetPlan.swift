import IMAttrClient

/// What `imattr get` is to do.
struct GetPlan: Sendable {
    let socketPath: String
    let sources: [AccountInput.Source]
    /// The size of all text that is read, if it is known.
    let bytesInAll: Int?
    let inputOptions: InputOptions
    let format: OutputFormat
    /// How a table is laid out.
    let layout: TableWriter.Layout
    /// The columns of the terminal that a table is shown on; nil if it is not.
    let terminalWidth: Int?
    /// The columns that were asked for; nil to find them.
    let columns: [String]?
    let asTheyArrive: Bool
    /// Whether CSV and TSV begin with a byte order mark.
    let hasMark: Bool
    let output: String?
    let resume: String?
    /// Where refused accounts are listed; nil if they are written among the answers.
    let errors: String?
    let whenRefused: GetJob.WhenRefused
    let showsProgress: Bool
    let timeout: Duration
    let maxAge: Duration?

    /// Does it, reports on standard error what went wrong, and returns the exit status.
    func run(_ interruption: Interruption) async -> Int32 {
        do {
            let state = try resume.flatMap { path throws(ResumeError) in try earlierState(path) }
            let input = AccountInput(sources, inputOptions, bytesInAll: bytesInAll) { name, encoding in
                StandardError.write("\(name) is read as \(encoding).")
            }
            if let state, let resume, try await !input.skip(to: state.position) {
                throw ResumeError.otherInput(path: resume, accounts: state.position.accounts)
            }
            var delivery = try delivery(from: state)
            return try await ask(state?.refused.flatMap(refusedBefore), input, &delivery, interruption)
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
        _ refused: RefusedBefore?, _ input: AccountInput, _ delivery: inout Delivery, _ interruption: Interruption
    ) async throws -> Int32 {
        let client = IMAttrClient(socketPath: socketPath)
        var failure: (any Error)?
        do {
            try delivery.begin()
            if let refused, try await refused.input.skip(refused.retried) {
                try await job(client, refused.input).run { try delivery.deliver(again: $0) }
            }
            try await job(client, input).run { try delivery.deliver($0) }
        } catch {
            failure = error
        }
        // An output that could not be written to is not written to once more.
        if failure is OutputError { delivery.cut() } else { try delivery.end(isComplete: failure == nil) }
        await client.close()
        guard let failure else { return status(of: delivery).rawValue }
        let reported = interruption.signal == nil ? Failure(failure) : nil
        StandardError.write(
            [reported?.text ?? "interrupted.", hint(delivery)].compactMap { $0 }.joined(separator: " "))
        return interruption.status ?? reported?.status.rawValue ?? ExitStatus.internalFault.rawValue
    }

    private func job(_ client: IMAttrClient, _ input: AccountInput) -> GetJob {
        GetJob(
            client: client, input: input, timeout: timeout, maxAge: maxAge, asTheyArrive: asTheyArrive,
            whenRefused: whenRefused)
    }

    private func status(of delivery: Delivery) -> ExitStatus {
        if delivery.hasRefused { return .upstreamRefused }
        return delivery.hasMissing ? .someMissing : .answered
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
        if let refused = state.refused, refused.path != errors.map(FilePath.real) {
            throw .otherOptions(path: path, what: "--errors \(refused.path)")
        }
        if let columns, let earlier = state.columns, earlier != Columns(columns) {
            throw .otherOptions(path: path, what: "the columns \(earlier.names.joined(separator: ","))")
        }
        return state
    }

    /// Accounts that were listed as refused, and how many of them have been asked for again.
    private struct RefusedBefore {
        let input: AccountInput
        let retried: Int
    }

    private func refusedBefore(_ state: RefusedState) -> RefusedBefore? {
        guard state.bytes > 0 else { return nil }
        let list = AccountInput.Source.text({ try .open(state.path, length: state.bytes) }, .ndjson)
        let input = AccountInput([list])
        return RefusedBefore(input: input, retried: state.retried)
    }

    private func delivery(from state: ResumeState?) throws -> Delivery {
        var file: AnswerFile?
        if let output {
            file = resume == nil ? try .whole(output) : try .continued(output, length: state?.bytes)
        }
        return Delivery(
            writer: writer(from: state), file: file, list: try list(from: state),
            resumption: resume.map { Delivery.Resumption(path: $0, format: format) }, from: state,
            showsProgress: showsProgress)
    }

    private func list(from state: ResumeState?) throws -> RefusalFile? {
        guard let errors else { return nil }
        return resume == nil ? try .whole(errors) : try .continued(errors, from: state?.refused)
    }

    private func writer(from state: ResumeState?) -> any AnswerWriter {
        switch format {
        case .table: return TableWriter(layout, columns: columns, width: terminalWidth)
        case .vertical: return TableWriter(.list, columns: columns)
        case .json: return DocumentWriter()
        case .ndjson: return LineWriter()
        case .csv, .tsv:
            return SeparatedWriter(
                separator: format.separator ?? UInt8(ascii: ","),
                columns: state?.columns ?? columns.map { Columns($0) },
                listsRefused: whenRefused == .goOn && errors == nil, hasMark: hasMark,
                isContinued: (state?.bytes ?? 0) > 0)
        }
    }
}
