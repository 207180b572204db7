import ArgumentParser

/// How accounts are written in a file.
enum InputFormat: String, CaseIterable, ExpressibleByArgument {
    case lines, csv, tsv, json, ndjson

    /// What the end of a file's name says; lines if it says nothing.
    init(fileName: String) {
        let ending = fileName.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased()
        self =
            switch ending {
            case "csv": .csv
            case "tsv", "tab": .tsv
            case "json": .json
            case "ndjson", "jsonl": .ndjson
            default: .lines
            }
    }

    var hasColumns: Bool { self == .csv || self == .tsv }
    var hasFields: Bool { self == .json || self == .ndjson }

    /// Reads this format.
    ///
    /// - Parameter delimiter: What separates two columns, or ends a line, if it is not the usual character.
    func decoder(column: String, field: String, delimiter: UInt8? = nil) -> any AccountDecoder {
        switch self {
        case .lines: LineDecoder(end: delimiter ?? UInt8(ascii: "\n"))
        case .csv: TableDecoder(separator: delimiter ?? UInt8(ascii: ","), column: .init(column))
        case .tsv: TableDecoder(separator: delimiter ?? UInt8(ascii: "\t"), column: .init(column))
        case .json: JSONArrayDecoder(field: field)
        case .ndjson: JSONLineDecoder(field: field)
        }
    }
}

/// How texts with accounts are read, beside their format.
struct InputOptions: Sendable {
    /// The column of CSV and TSV.
    var column = "To_Account"
    /// The field of JSON objects.
    var field = "To_Account"
    /// What separates two columns, or ends a line; nil for the usual character.
    var delimiter: UInt8?
    /// The C library's name of the encoding; nil to find it.
    var encoding: String?

    func decoder(_ format: InputFormat) -> any AccountDecoder {
        format.decoder(column: column, field: field, delimiter: delimiter)
    }

    func textDecoder(_ format: InputFormat) throws(Iconv.Unknown) -> TextDecoder {
        // With NUL characters between accounts, they show nothing about the encoding.
        try TextDecoder(format, encoding: encoding ?? (delimiter == 0 ? "UTF-8" : nil))
    }
}

/// One character of ASCII as it is given on a command line.
struct Delimiter: ExpressibleByArgument {
    let byte: UInt8

    private static let escapes: [String: UInt8] = ["\\t": 0x09, "\\n": 0x0A, "\\0": 0, "tab": 0x09]

    init?(argument: String) {
        if let byte = Self.escapes[argument] {
            self.byte = byte
        } else if argument.utf8.count == 1, let byte = argument.utf8.first, byte != 0x0D, byte != UInt8(ascii: "\"") {
            self.byte = byte
        } else {
            return nil
        }
    }
}
