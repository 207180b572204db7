import IMAttrClient
import JSONTokens

/// The columns of comma- or tab-separated answers: `To_Account`, `missing`, one for each of some attributes, and possibly `Attrs` for
/// the others. A last one, `error`, may come after them.
struct Columns: Hashable, Sendable {
    /// Columns that are found by themselves, at most; more attributes go to `Attrs`.
    static let maximumFound = 256
    static let fixed = ["To_Account", "missing"]
    static let rest = "Attrs"
    static let error = "error"

    /// Attribute names, each a column.
    private(set) var names: [String] = []
    /// Whether there is the column `Attrs`, with a JSON object of the attributes that have no column.
    var hasRest = false
    /// Where a name's column is. Names are compared as bytes.
    private var places: [[UInt8]: Int] = [:]

    /// - Parameter names: Different from each other.
    init(_ names: [String] = [], hasRest: Bool = false) {
        for name in names { add(name) }
        self.hasRest = hasRest
    }

    /// The heading's cells.
    var heading: [[UInt8]] { (Self.fixed + names + (hasRest ? [Self.rest] : [])).map { Array($0.utf8) } }

    private mutating func add(_ name: String) {
        places[Array(name.utf8)] = names.count
        names.append(name)
    }

    /// Makes columns for the names that have none. One that would look like a column of another kind goes to `Attrs`.
    mutating func find(in answer: AccountAnswer) throws(JSONSyntaxError) {
        guard let attrs = answer.attrs else { return }
        var reader = JSONReader(attrs.json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if places[reader.identity(key)] == nil { find(reader.decode(key)) }
            try reader.skipValue()
        }
    }

    private mutating func find(_ name: String?) {
        if let name, names.count < Self.maximumFound, !Self.isReserved(name) { add(name) } else { hasRest = true }
    }

    static func isReserved(_ name: String) -> Bool {
        (fixed + [rest, error]).contains { $0.utf8.elementsEqual(name.utf8) }
    }

    /// An answer's cells: a string's text, any other value as JSON, and nothing where there is no such attribute.
    func cells(_ answer: AccountAnswer, isRefused: Bool = false) throws(JSONSyntaxError) -> [[UInt8]] {
        var cells = [[UInt8]](repeating: [], count: Self.fixed.count + names.count + (hasRest ? 1 : 0))
        cells[0] = Array(answer.account.utf8)
        guard let attrs = answer.attrs else {
            if !isRefused { cells[1] = Array("true".utf8) }
            return cells
        }
        var rest: [UInt8] = []
        var reader = JSONReader(attrs.json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if let place = places[reader.identity(key)] {
                cells[Self.fixed.count + place] = try reader.cell()
            } else {
                let value = try reader.skipValue()
                rest += (rest.isEmpty ? "{" : ",").utf8
                rest += reader.bytes[key.quoted] + [UInt8(ascii: ":")] + reader.bytes[value]
            }
        }
        if hasRest, !rest.isEmpty { cells[cells.count - 1] = rest + [UInt8(ascii: "}")] }
        return cells
    }
}

extension JSONReader {
    /// Passes a value: a string's text if it is Unicode text, else the value as it is.
    fileprivate mutating func cell() throws(JSONSyntaxError) -> [UInt8] {
        if try peek() == .string {
            let token = try string()
            return decodeBytes(token) ?? Array(bytes[token.quoted])
        }
        return Array(bytes[try skipValue()])
    }
}
