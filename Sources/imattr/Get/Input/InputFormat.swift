import ArgumentParser

/// How accounts stand in a file.
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
    func decoder(column: String, field: String) -> any AccountDecoder {
        switch self {
        case .lines: LineDecoder()
        case .csv: TableDecoder(separator: UInt8(ascii: ","), column: .init(column))
        case .tsv: TableDecoder(separator: UInt8(ascii: "\t"), column: .init(column))
        case .json: JSONArrayDecoder(field: field)
        case .ndjson: JSONLineDecoder(field: field)
        }
    }
}
