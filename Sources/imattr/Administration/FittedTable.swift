/// A table that fits its screen: texts on the left are cut first, then the last columns are left out.
struct FittedTable {
    /// One column.
    struct Column {
        let title: String
        /// Characters, with the space between it and its neighbour.
        var width: Int
        /// The fewest characters of a text, which is on the left; nil for a number, which is on the right and never cut.
        var least: Int?
    }

    private let columns: [Column]

    /// - Parameter room: Characters of a line.
    init(_ wanted: [Column], room: Int) {
        var columns = wanted
        func width(_ ofColumn: (Column) -> Int) -> Int { columns.reduce(0) { $0 + ofColumn($1) } }
        while columns.count > 1, width({ $0.least ?? $0.width }) > room { columns.removeLast() }
        // The widest one first: it needs most for its rarest texts.
        for index in columns.indices.sorted(by: { columns[$0].width > columns[$1].width }) {
            let excess = width(\.width) - room
            if excess > 0, let least = columns[index].least {
                columns[index].width = max(least, columns[index].width - excess)
            }
        }
        self.columns = columns
    }

    /// The titles.
    var heading: String { line(columns.map(\.title)) }

    /// A line of the table.
    /// - Parameter cells: A text for each column that was wanted.
    func line(_ cells: [String]) -> String {
        zip(columns, cells).map { column, cell in
            let text = TerminalText.escape(cell)
            let space = String(repeating: " ", count: max(1, column.width - TerminalText.width(text)))
            if column.least == nil { return space + text }
            return TerminalText.pad(TerminalText.cut(text, to: column.width - 1), to: column.width)
        }.joined()
    }
}
