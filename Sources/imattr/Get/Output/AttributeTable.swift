import IMAttrClient
import JSONTokens

/// The table of `imattr get` on a terminal: the account, then a column for each attribute name.
///
/// Each block of answers becomes one page, so that memory stays bounded. Columns are those met so far and never get narrower; the
/// heading is repeated when there are new ones.
struct AttributeTable {
    private var names: [String] = []
    private var widths: [Int] = [TerminalText.width(accountHeading)]
    private var hasHeading = false
    /// The place of the column for refused accounts, once there is one.
    private var errorColumn: Int?

    private static let accountHeading = "ACCOUNT"
    private static let errorHeading = "ERROR"
    private static let absent = "-"

    /// The lines that some more answers add, without their ends and with nothing in them that acts on a terminal.
    mutating func append(
        _ answers: [AccountAnswer], refusals: [Account: Refusal] = [:]
    ) throws(JSONSyntaxError) -> [String] {
        guard !refusals.isEmpty || answers.contains(where: { $0.attrs != nil }) else { return [] }
        let knownNames = names.count
        var rows: [[String]] = []
        for answer in answers {
            if let attrs = answer.attrs {
                rows.append(try row(answer.account, attrs))
            } else if let refusal = refusals[answer.account] {
                rows.append(row(refusal))
            }
        }
        for row in rows { widen(row) }
        var lines: [String] = []
        if !hasHeading || names.count > knownNames {
            if hasHeading { lines.append("") }
            hasHeading = true
            lines.append(line([Self.accountHeading] + names))
        }
        return lines + rows.map(line)
    }

    private mutating func row(_ account: Account, _ attrs: Attrs) throws(JSONSyntaxError) -> [String] {
        var cells = [TerminalText.escape(account.text)]
        var reader = JSONReader(attrs.json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let column = column(of: reader.readableText(key))
            while cells.count <= column { cells.append(Self.absent) }
            cells[column] = try reader.readableValue()
        }
        return cells
    }

    private mutating func row(_ refusal: Refusal) -> [String] {
        let column = errorColumn ?? addColumn(Self.errorHeading)
        errorColumn = column
        let absent = Array(repeating: Self.absent, count: column - 1)
        return [TerminalText.escape(refusal.account.text)] + absent + [TerminalText.escape(refusal.text)]
    }

    private mutating func column(of name: String) -> Int {
        let index = names.indices.first { names[$0] == name && $0 + 1 != errorColumn }
        return index.map { $0 + 1 } ?? addColumn(name)
    }

    private mutating func addColumn(_ name: String) -> Int {
        names.append(name)
        widths.append(TerminalText.width(name))
        return names.count
    }

    private mutating func widen(_ cells: [String]) {
        for (index, cell) in cells.enumerated() { widths[index] = max(widths[index], TerminalText.width(cell)) }
    }

    private func line(_ cells: [String]) -> String {
        let cells = cells + Array(repeating: Self.absent, count: max(0, widths.count - cells.count))
        let padded = zip(cells, widths).dropLast().map { TerminalText.pad($0, to: $1) }
        return (padded + cells.suffix(1)).joined(separator: "  ")
    }
}

/// A table for a person, and a note about missing accounts after it, on standard error.
struct TableWriter: AnswerWriter {
    let holdsAnswers = false
    private var table = AttributeTable()
    private var missing = MissingNote()

    mutating func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        missing.append(asked: block.answers.count, block.missing.map(\.account))
        for line in try table.append(block.answers, refusals: block.refusals) { try output.write(line: line) }
        try output.flush()
    }

    func end(isComplete: Bool, to output: inout StandardOutput) throws {
        if let note = missing.text { StandardError.write(note) }
    }
}

/// What is said after a table about accounts that upstream did not answer: how many, and the first of them.
struct MissingNote {
    private static let shown = 10
    private var first: [Account] = []
    private var asked = 0
    private var count = 0

    mutating func append(asked: Int, _ missing: [Account]) {
        self.asked += asked
        count += missing.count
        first += missing.prefix(Self.shown - first.count)
    }

    /// The note; nil if none is missing.
    var text: String? {
        if count == 0 { return nil }
        let names = first.map { "'\($0.text)'" }.joined(separator: ", ") + (count > first.count ? ", …" : "")
        return "\(count) of \(asked) accounts missing: \(names)"
    }
}
