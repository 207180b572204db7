import IMAttrClient
import JSONTokens

/// The table of `imattr get` on a terminal: the account, then a column for each attribute name.
///
/// Each block of answers becomes one page, so that memory stays bounded. Columns are those met so far, or those that were asked for, and
/// never get narrower; the heading is repeated when there are new ones. What is wider than the terminal is cut.
struct AttributeTable {
    private var names: [String]
    /// Whether there are no other columns than the first ones.
    private let hasFixedColumns: Bool
    private var widths: [Int]
    private var hasHeading = false
    /// The place of the column for refused accounts, once there is one.
    private var errorColumn: Int?
    /// The columns of the terminal; nil if nothing is to be cut.
    private let width: Int?
    /// Whether something was cut.
    private(set) var hasCut = false

    private static let accountHeading = "ACCOUNT"
    private static let errorHeading = "ERROR"
    private static let absent = "-"
    private static let gap = "  "
    /// Columns are not made narrower than that; if there are too many, lines are cut at their ends.
    private static let leastWidth = 6

    /// - Parameters:
    ///   - columns: The attributes that are shown; nil for all.
    ///   - width: The columns of the terminal; nil if nothing is to be cut.
    init(columns: [String]? = nil, width: Int? = nil) {
        names = columns ?? []
        hasFixedColumns = columns != nil
        self.width = width
        widths = [TerminalText.width(Self.accountHeading)] + names.map { TerminalText.width(TerminalText.escape($0)) }
    }

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
            rows.insert([Self.accountHeading] + names.map(TerminalText.escape), at: 0)
        }
        let fitted = fittedWidths
        return lines + rows.map { line($0, fitted) }
    }

    /// Whether it is all shown of some answers.
    func shows(_ answers: [AccountAnswer], refusals: [Account: Refusal]) throws(JSONSyntaxError) -> Bool {
        var table = self
        _ = try table.append(answers, refusals: refusals)
        return !table.hasCut
    }

    private mutating func row(_ account: Account, _ attrs: Attrs) throws(JSONSyntaxError) -> [String] {
        var cells = [TerminalText.escape(account.text)]
        var reader = JSONReader(attrs.json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let column = column(of: reader.readableText(key)) else {
                try reader.skipValue()
                continue
            }
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

    /// The column of an attribute; nil if it is not shown.
    private mutating func column(of name: String) -> Int? {
        if let index = names.indices.first(where: { names[$0] == name && $0 + 1 != errorColumn }) { return index + 1 }
        return hasFixedColumns ? nil : addColumn(name)
    }

    private mutating func addColumn(_ name: String) -> Int {
        names.append(name)
        widths.append(TerminalText.width(name))
        return names.count
    }

    private mutating func widen(_ cells: [String]) {
        for (index, cell) in cells.enumerated() { widths[index] = max(widths[index], TerminalText.width(cell)) }
    }

    /// The widths with which a line fits the terminal: the widest columns give way, all to the same width.
    private var fittedWidths: [Int] {
        guard let width else { return widths }
        let room = width - Self.gap.count * (widths.count - 1)
        var most = widths.max() ?? 0
        while most > Self.leastWidth, widths.reduce(0, { $0 + min($1, most) }) > room { most -= 1 }
        return widths.map { min($0, most) }
    }

    private mutating func line(_ cells: [String], _ widths: [Int]) -> String {
        let cells = cells + Array(repeating: Self.absent, count: max(0, widths.count - cells.count))
        let shown = zip(cells, widths).map { TerminalText.cut($0, to: $1) }
        let padded = zip(shown, widths).dropLast().map { TerminalText.pad($0, to: $1) }
        let line = (padded + shown.suffix(1)).joined(separator: Self.gap)
        let cut = width.map { TerminalText.cut(line, to: $0) } ?? line
        if shown != cells || cut != line { hasCut = true }
        return cut
    }
}

/// One account after the other, each attribute on a line of its own: what is read more easily than a table if the accounts are few.
struct AttributeList {
    /// The attributes that are shown; nil for all.
    let columns: [String]?
    private var isFirst = true

    init(columns: [String]? = nil) { self.columns = columns }

    /// The lines that some more answers add, as those of ``AttributeTable``.
    mutating func append(
        _ answers: [AccountAnswer], refusals: [Account: Refusal] = [:]
    ) throws(JSONSyntaxError) -> [String] {
        var lines: [String] = []
        for answer in answers {
            var values: [(name: String, text: String)]
            if let attrs = answer.attrs {
                values = try self.values(attrs)
            } else if let refusal = refusals[answer.account] {
                values = [("ERROR", TerminalText.escape(refusal.text))]
            } else {
                continue
            }
            if !isFirst { lines.append("") }
            isFirst = false
            values.insert(("ACCOUNT", TerminalText.escape(answer.account.text)), at: 0)
            let width = values.map { TerminalText.width($0.name) }.max() ?? 0
            lines += values.map { "\(TerminalText.pad($0.name, to: width))  \($0.text)" }
        }
        return lines
    }

    private func values(_ attrs: Attrs) throws(JSONSyntaxError) -> [(name: String, text: String)] {
        var values: [(name: String, text: String)] = []
        var reader = JSONReader(attrs.json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            values.append((reader.readableText(key), try reader.readableValue()))
        }
        guard let columns else { return values }
        return columns.map { name in
            (TerminalText.escape(name), values.last { $0.name == name }?.text ?? "-")
        }
    }
}

/// Answers for a person, and a note about missing accounts after them, on standard error.
struct TableWriter: AnswerWriter {
    /// How the answers are laid out.
    enum Layout { case table, list, whicheverIsReadable }

    /// Accounts that may be few, if a table of them would be cut.
    private static let few = 5

    let holdsAnswers = false
    private let layout: Layout
    private var table: AttributeTable
    private var list: AttributeList
    private var hasTable = false
    private var missing = MissingNote()

    /// - Parameters:
    ///   - columns: The attributes that are shown; nil for all.
    ///   - width: The columns of the terminal; nil if nothing is to be cut.
    init(_ layout: Layout = .table, columns: [String]? = nil, width: Int? = nil) {
        self.layout = layout
        table = AttributeTable(columns: columns, width: width)
        list = AttributeList(columns: columns)
    }

    mutating func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        missing.append(asked: block.answers.count, block.missing.map(\.account))
        let lines: [String]
        if try isList(block) {
            lines = try list.append(block.answers, refusals: block.refusals)
        } else {
            lines = try table.append(block.answers, refusals: block.refusals)
            hasTable = hasTable || !lines.isEmpty
        }
        for line in lines { try output.write(line: line) }
        try output.flush()
    }

    private func isList(_ block: AnsweredBlock) throws(JSONSyntaxError) -> Bool {
        switch layout {
        case .table: return false
        case .list: return true
        case .whicheverIsReadable:
            let shown = block.answers.count - block.missing.count
            if hasTable || shown > Self.few { return false }
            return shown == 1 ? true : try !table.shows(block.answers, refusals: block.refusals)
        }
    }

    func end(isComplete: Bool, to output: inout StandardOutput) throws {
        if let note = missing.text { StandardError.write(note) }
        if table.hasCut {
            StandardError.write("some values are cut to fit; --format vertical, csv or json shows them whole.")
        }
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
