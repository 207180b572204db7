import IMAttrClient

/// Writes what is answered to where it is wanted, and notes how far it has come.
struct Delivery {
    /// The time between two notes of how far it has come.
    private static let interval: Duration = .seconds(1)

    /// How a run can be gone on with.
    struct Resumption {
        /// The state file.
        let path: String
        let format: OutputFormat
    }

    private var writer: any AnswerWriter
    private var output: StandardOutput
    private let file: AnswerFile?
    /// Where refused accounts are listed; nil if they are written among the answers.
    private let list: RefusalFile?
    private let resumption: Resumption?
    private var progress: Progress?
    private var noted: ContinuousClock.Instant
    /// Where the input is after the block that was written last.
    private(set) var position: InputPosition
    /// Accounts that have been answered, in earlier runs too.
    private var answered: Int
    private(set) var hasMissing: Bool
    /// Lines of the list that have been asked for again.
    private var retried: Int
    private var refused = RefusedNote()
    private var hasWritten = false
    /// Bytes of the file that hold whole blocks.
    private var wholeLength = 0

    /// - Parameter state: Where an earlier run has ended.
    init(
        writer: any AnswerWriter, file: AnswerFile?, list: RefusalFile? = nil, resumption: Resumption?,
        from state: ResumeState?, showsProgress: Bool
    ) {
        self.writer = writer
        output =
            file.map { StandardOutput(descriptor: $0.descriptor, name: $0.presentPath) }
            ?? StandardOutput(indentsJSON: writer is DocumentWriter)
        self.file = file
        self.list = list
        self.resumption = resumption
        retried = state?.refused?.retried ?? 0
        position = state?.position ?? InputPosition()
        answered = position.accounts
        hasMissing = state?.hasMissing ?? false
        progress = showsProgress ? Progress(accountsBefore: position.accounts) : nil
        noted = .now
    }

    /// Where the answers are now; nil if they went to standard output.
    var outputPath: String? { file?.presentPath }

    /// To be called first: from here on there is a note for whatever the output holds.
    mutating func begin() throws { try note() }

    /// Whether accounts were refused in this run.
    var hasRefused: Bool { refused.count > 0 }

    /// Adds a block of the input.
    mutating func deliver(_ block: AnsweredBlock) throws {
        try write(block)
        position = block.end
        answered += block.answers.count
        try report(block)
    }

    /// Adds a block of accounts that an earlier run has listed as refused.
    mutating func deliver(again block: AnsweredBlock) throws {
        try write(block)
        retried = block.end.accounts
        try report(block)
    }

    private mutating func write(_ block: AnsweredBlock) throws {
        refused.append(asked: block.answers.count, block.refused)
        if let list, !block.refusals.isEmpty {
            try list.append(block.refused)
            try writer.write(AnsweredBlock(withoutRefused: block), to: &output)
        } else {
            try writer.write(block, to: &output)
        }
        try output.flush()
        hasWritten = true
        wholeLength = file?.length ?? 0
        hasMissing = hasMissing || !block.missing.isEmpty
    }

    private mutating func report(_ block: AnsweredBlock) throws {
        if progress != nil {
            let columns = StandardError.columns ?? 80
            let line = progress?.update(accounts: answered, fraction: block.fraction, columns: columns)
            if let line { StandardError.show(line: line) }
        }
        if ContinuousClock.now - noted >= Self.interval { try note() }
    }

    /// Takes away the torn end of a file that could not be written to.
    func cut() {
        if hasWritten { file?.cut(to: wholeLength) }
    }

    /// Ends what is written, whole as far as it goes.
    ///
    /// - Parameter isComplete: Whether all that was asked for has been answered.
    mutating func end(isComplete: Bool) throws {
        StandardError.clearLine()
        // What was never begun is not ended: an empty document would look like an answer.
        if isComplete || hasWritten { try writer.end(isComplete: isComplete, to: &output) }
        try output.flush()
        try note()
        if isComplete { try file?.complete() } else { try file?.leave() }
        if let resumption {
            try list?.removeLines(retried) { state in try self.state(state)?.write(resumption.path) }
        } else if isComplete {
            try list?.complete()
        } else {
            try list?.leave()
        }
        let path = isComplete ? list?.path : list?.presentPath
        if let note = refused.text(list: path, isAskedAgain: resumption != nil) { StandardError.write(note) }
    }

    /// Notes how far it has come, once the disk has it.
    private mutating func note() throws {
        noted = .now
        guard let resumption, !writer.holdsAnswers else { return }
        try file?.synchronize()
        try list?.synchronize()
        try state(list?.state(retried: retried))?.write(resumption.path)
    }

    private func state(_ refused: RefusedState?) -> ResumeState? {
        guard let resumption, let file else { return nil }
        return ResumeState(
            format: resumption.format, columns: (writer as? SeparatedWriter)?.fixedColumns, output: file.path,
            position: position, hasMissing: hasMissing, bytes: file.length, refused: refused)
    }
}

/// What is said at the end about refused accounts: how many, the first of them with their codes, and where the others are listed.
struct RefusedNote {
    private static let shown = 5
    private var first: [Refusal] = []
    private var asked = 0
    private(set) var count = 0

    mutating func append(asked: Int, _ refused: [Refusal]) {
        self.asked += asked
        count += refused.count
        first += refused.prefix(Self.shown - first.count)
    }

    /// The note; nil if none was refused.
    ///
    /// - Parameters:
    ///   - list: The file that has all of them.
    ///   - isAskedAgain: Whether the same command asks for them again.
    func text(list: String?, isAskedAgain: Bool) -> String? {
        if count == 0 { return nil }
        let reasons = first.map { "'\($0.account.text)' (\($0.text))" }.joined(separator: ", ")
        var text = "\(count) of \(asked) accounts refused: \(reasons)\(count > first.count ? ", …" : "")"
        if let list { text += "; all are listed in \(list)" }
        return text + (isAskedAgain ? ". The same command asks for them again." : ".")
    }
}
