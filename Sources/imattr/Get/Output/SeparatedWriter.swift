import IMAttrClient

/// Comma- or tab-separated answers (RFC 4180, but lines end with `\n`), with a heading.
///
/// Which columns there are must be known before the first line: they are either given, or found in the first answers,
/// which are held for it; `Attrs` then takes what later answers have besides, so that nothing is lost.
struct SeparatedWriter: AnswerWriter {
    /// Accounts whose answers are held until the columns are fixed.
    static let held = AccountInput.size

    private let separator: UInt8
    private var columns: Columns?
    private var isHeadingDue: Bool
    private var waiting: [AnsweredBlock] = []

    /// - Parameters:
    ///   - columns: nil to find them.
    ///   - isContinued: Whether there is a heading already.
    init(separator: UInt8, columns: Columns?, isContinued: Bool = false) {
        self.separator = separator
        self.columns = columns
        isHeadingDue = !isContinued
    }

    var holdsAnswers: Bool { !waiting.isEmpty }

    /// The columns, once they are fixed.
    var fixedColumns: Columns? { columns }

    mutating func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        guard columns == nil else { return try writeRows(block, to: &output) }
        waiting.append(block)
        if block.end.accounts >= Self.held { try fixColumns(othersMayCome: true, &output) }
    }

    mutating func end(isComplete: Bool, to output: inout StandardOutput) throws {
        if columns == nil { try fixColumns(othersMayCome: !isComplete, &output) }
        try writeHeading(to: &output)
    }

    private mutating func fixColumns(othersMayCome: Bool, _ output: inout StandardOutput) throws {
        var found = Columns()
        for answer in waiting.flatMap(\.answers) { try found.find(in: answer) }
        if othersMayCome { found.hasRest = true }
        columns = found
        for block in waiting { try writeRows(block, to: &output) }
        waiting = []
    }

    private mutating func writeRows(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        try writeHeading(to: &output)
        guard let columns else { return }
        for answer in block.answers { try writeLine(try columns.cells(answer), to: &output) }
    }

    private mutating func writeHeading(to output: inout StandardOutput) throws {
        guard isHeadingDue, let columns else { return }
        isHeadingDue = false
        try writeLine(columns.heading, to: &output)
    }

    private func writeLine(_ cells: [[UInt8]], to output: inout StandardOutput) throws {
        try output.write(Array(cells.map(quoted).joined(separator: [separator])))
        try output.write(line: "")
    }

    private func quoted(_ cell: [UInt8]) -> [UInt8] {
        let mark = UInt8(ascii: "\"")
        let isPlain = cell.allSatisfy { byte in
            byte != separator && byte != mark && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
        }
        if isPlain { return cell }
        return [mark] + cell.flatMap { $0 == mark ? [mark, mark] : [$0] } + [mark]
    }
}
