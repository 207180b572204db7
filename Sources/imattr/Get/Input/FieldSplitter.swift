/// Cuts comma- or tab-separated text (RFC 4180) into fields, byte by byte: a field in quotation marks may hold separators, line
/// ends, and quotation marks that are doubled.
struct FieldSplitter {
    /// What a byte has brought about.
    enum Step {
        /// Nothing to report.
        case inside
        /// A byte of the field's text.
        case text(UInt8)
        /// The field has ended.
        case endOfField
        /// The field has ended, and the record with it.
        case endOfRecord
    }

    /// A quotation mark or a carriage return where none can be.
    struct Stray: Error {}

    private enum State { case start, plain, quoted, quoteInQuoted, carriageReturn }

    let separator: UInt8
    private var state = State.start

    init(separator: UInt8) { self.separator = separator }

    /// Whether a field in quotation marks is open.
    var isQuoted: Bool { state == .quoted }

    mutating func take(_ byte: UInt8) throws(Stray) -> Step {
        switch (state, byte) {
        case (.carriageReturn, UInt8(ascii: "\n")):
            state = .start
            return .endOfRecord
        case (.carriageReturn, _):
            throw Stray()
        case (.quoted, UInt8(ascii: "\"")):
            state = .quoteInQuoted
            return .inside
        case (.quoted, _):
            return .text(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            state = .quoted
            return .text(byte)
        case (.start, UInt8(ascii: "\"")):
            state = .quoted
            return .inside
        case (_, separator):
            state = .start
            return .endOfField
        case (_, UInt8(ascii: "\n")):
            state = .start
            return .endOfRecord
        case (_, UInt8(ascii: "\r")):
            state = .carriageReturn
            return .inside
        case (.quoteInQuoted, _), (.plain, UInt8(ascii: "\"")):
            throw Stray()
        case (.start, _), (.plain, _):
            state = .plain
            return .text(byte)
        }
    }
}
