import ArgumentParser

/// The forms of answers.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, vertical, json, ndjson, csv, tsv

    /// What the end of a file's name says; nil if it says nothing.
    init?(fileName: String) {
        switch fileName.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() {
        case "json": self = .json
        case "ndjson", "jsonl": self = .ndjson
        case "csv": self = .csv
        case "tsv", "tab": self = .tsv
        default: return nil
        }
    }

    /// Whether a part of it is whole, and more can be put after it.
    var canBeContinued: Bool {
        switch self {
        case .ndjson, .csv, .tsv: true
        case .table, .vertical, .json: false
        }
    }

    /// Whether it shows some attributes and not all.
    var hasColumns: Bool {
        switch self {
        case .table, .vertical, .csv, .tsv: true
        case .json, .ndjson: false
        }
    }

    /// What separates two columns, if it has such.
    var separator: UInt8? {
        switch self {
        case .csv: UInt8(ascii: ",")
        case .tsv: UInt8(ascii: "\t")
        case .table, .vertical, .json, .ndjson: nil
        }
    }
}
