import IMAttrClient

/// One column of comma- or tab-separated text. Records that are wholly empty are passed over.
struct TableDecoder: AccountDecoder {
    /// Which column has the accounts.
    enum Column: Hashable, Sendable {
        /// The one that the first record, the heading, calls so.
        case named(String)
        /// The one at a place, the first being 1; there is no heading.
        case numbered(Int)

        /// A number is a place, all else a name.
        init(_ text: String) { self = Int(text).map { .numbered($0) } ?? .named(text) }
    }

    /// Bytes that a heading may have in all.
    private static let maximumHeading = 1 << 20
    private static let controls = ControlCharacters.refused("a quotation mark may be missing; JSON can have it")

    private var splitter: FieldSplitter
    private let column: Column
    /// The place of the column, once it is known.
    private var place: Int?
    private var heading: [[UInt8]] = []
    private var headingSize = 0
    /// The text of the field of our column, or of any while the heading is read.
    private var field: [UInt8] = []
    private var index = 1
    private var record = 1
    private var isEmptyRecord = true

    init(separator: UInt8, column: Column) {
        splitter = FieldSplitter(separator: separator)
        self.column = column
        if case .numbered(let place) = column { self.place = place }
    }

    mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        for byte in piece { try take(byte, &accounts) }
    }

    mutating func end(_ accounts: inout [Account]) throws(DecodingError) {
        if splitter.isQuoted { throw error("a quotation mark is not closed") }
        if !(isEmptyRecord && index == 1) { try take(UInt8(ascii: "\n"), &accounts) }
        guard place != nil else { throw error("there is no heading") }
    }

    private mutating func take(_ byte: UInt8, _ accounts: inout [Account]) throws(DecodingError) {
        let step: FieldSplitter.Step
        do throws(FieldSplitter.Stray) {
            step = try splitter.take(byte)
        } catch {
            throw self.error("a quotation mark, or a carriage return, where none can be")
        }
        switch step {
        case .inside:
            isEmptyRecord = isEmptyRecord && byte == UInt8(ascii: "\r")
        case .text(let byte):
            isEmptyRecord = false
            try append(byte)
        case .endOfField:
            isEmptyRecord = false
            try finishField(&accounts)
            index += 1
        case .endOfRecord:
            try finishField(&accounts)
            try finishRecord()
        }
    }

    private mutating func append(_ byte: UInt8) throws(DecodingError) {
        if place == nil {
            headingSize += 1
            guard headingSize <= Self.maximumHeading else { throw error("a heading of more than 1 MiB") }
            field.append(byte)
        } else if index == place {
            // One byte too many is enough to see that it is too long.
            if field.count <= Account.allowedLength.upperBound { field.append(byte) }
        }
    }

    private mutating func finishField(_ accounts: inout [Account]) throws(DecodingError) {
        if place == nil {
            heading.append(field)
        } else if index == place, !isEmptyRecord {
            accounts.append(try Account(found: field, Self.controls, at: "record \(record)"))
        }
        field.removeAll(keepingCapacity: true)
    }

    private mutating func finishRecord() throws(DecodingError) {
        if let place {
            guard isEmptyRecord || index >= place else {
                throw error("it has \(index) columns; the account is in column \(place)")
            }
        } else if !isEmptyRecord {
            try findColumn()
        }
        heading = []
        index = 1
        record += 1
        isEmptyRecord = true
    }

    private mutating func findColumn() throws(DecodingError) {
        guard case .named(let name) = column else { return }
        let places = heading.indices.filter { heading[$0].elementsEqual(name.utf8) }
        guard let first = places.first else {
            let names = heading.prefix(10).map { "'\(String(decoding: $0, as: UTF8.self))'" }.joined(separator: ", ")
            throw error(
                "no column is named '\(name)'; there are: \(names). --column NAME or --column NUMBER says which it is")
        }
        if places.count > 1 { throw error("several columns are named '\(name)': give the column's number") }
        place = first + 1
    }

    private func error(_ what: String) -> DecodingError { DecodingError("record \(record)", what) }
}
