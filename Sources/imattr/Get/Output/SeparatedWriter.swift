import IMAttrClient

/// Comma- or tab-separated answers (RFC 4180, but lines end with `\n`), with a heading.
///
/// Which columns there are must be known before the first line: they are either given, or found in the first answers,
/// which are held for it; `Attrs` then takes what later answers have besides, so that nothing is lost.
struct SeparatedWriter: AnswerWriter {
    /// Accounts whose answers are held until the columns are fixed.
    static let held = AccountInput.size

    /// The heading of the last column, with the codes of refused accounts.
    private static let errorHeading = Array(Columns.error.utf8)

    private let separator: UInt8
    private let listsRefused: Bool
    private let hasMark: Bool
    private var columns: Columns?
    private var isHeadingDue: Bool
    private var waiting: [AnsweredBlock] = []

    /// - Parameters:
    ///   - columns: nil to find them.
    ///   - listsRefused: Whether there is a column for refused accounts.
    ///   - hasMark: Whether a byte order mark comes first, by which Excel knows UTF-8.
    ///   - isContinued: Whether there is a heading already.
    init(
        separator: UInt8, columns: Columns?, listsRefused: Bool = false, hasMark: Bool = false,
        isContinued: Bool = false
    ) {
        self.separator = separator
        self.hasMark = hasMark
        self.listsRefused = listsRefused
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
        for answer in block.answers {
            let refusal = block.refusals[answer.account]
            var cells = try columns.cells(answer, isRefused: refusal != nil)
            if listsRefused { cells.append(refusal.map { Array(String($0.code).utf8) } ?? []) }
            try writeLine(cells, to: &output)
        }
    }

    private mutating func writeHeading(to output: inout StandardOutput) throws {
        guard isHeadingDue, let columns else { return }
        isHeadingDue = false
        if hasMark { try output.write(Array("\u{FEFF}".utf8)) }
        try writeLine(columns.heading + (listsRefused ? [Self.errorHeading] : []), to: &output)
    }

    private func writeLine(_ cells: [[UInt8]], to output: inout StandardOutput) throws {
        try output.write(cells: cells.map(quoted), separator: separator)
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
