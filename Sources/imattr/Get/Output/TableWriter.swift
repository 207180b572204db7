import IMAttrClient

/// A table for a person, and a note about missing accounts after it, on standard error.
struct TableWriter: AnswerWriter {
    let holdsAnswers = false
    private var table = AttributeTable()
    private var missing = MissingNote()

    mutating func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        missing.append(block.answers)
        for line in try table.append(block.answers) { try output.write(line: line) }
        try output.flush()
    }

    func end(isComplete: Bool, to output: inout StandardOutput) throws {
        if let note = missing.text { StandardError.write(note) }
    }
}
