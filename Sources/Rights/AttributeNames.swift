import AttributeValues
import JSONTokens

/// Which attributes a rule passes on, by the bytes of their names.
public struct AttributeNames: Hashable, Sendable {
    /// The names, in the order in which they were written.
    public let names: [String]
    private let bytes: Set<[UInt8]>

    /// How many names a rule may have.
    public static let most = 1000

    /// Wraps names.
    public init(_ names: [String]) {
        self.names = names
        bytes = Set(names.map { Array($0.utf8) })
    }

    /// Appends an object of attributes without the others. What is left keeps its order, its duplicates and its bytes.
    /// - Parameters:
    ///   - range: Where in `texts` the object is, in which there is no white space between tokens.
    fileprivate func append(_ texts: [UInt8], _ range: Range<Int>, to result: inout [UInt8]) {
        let start = result.count
        result.append(UInt8(ascii: "{"))
        var reader = JSONReader(texts, from: range.lowerBound)
        do throws(JSONSyntaxError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let isAllowed = bytes.contains(reader.identity(key))
                let value = try reader.skipValue()
                guard isAllowed else { continue }
                if result.count > start + 1 { result.append(UInt8(ascii: ",")) }
                result += texts[key.quoted.lowerBound..<value.upperBound]
            }
        } catch {
            // It was read before, so this does not happen; but what cannot be read does not pass.
            result.removeSubrange((start + 1)...)
        }
        result.append(UInt8(ascii: "}"))
    }
}

extension AccountResults {
    /// What a caller gets from whom something must stay unknown: the allowed attributes and, of upstream's reasons, the codes alone.
    /// - Parameter names: The attributes that are passed on; nil: all.
    func filtered(by names: AttributeNames?, of accounts: [Account]) -> AccountResults {
        var texts: [UInt8] = []
        texts.reserveCapacity(attrsCount)
        var ranges: [Range<Int>?] = []
        ranges.reserveCapacity(count)
        var entries: [Int: [UInt8]] = [:]
        for place in indices {
            let start = texts.count
            if let (whole, range) = attrsInTexts(at: place) {
                if let names { names.append(whole, range, to: &texts) } else { texts += whole[range] }
                ranges.append(start..<texts.count)
            } else {
                ranges.append(nil)
            }
            if let entry = errorListEntry(at: place) { entries[place] = Self.code(of: entry, for: accounts[place]) }
        }
        return AccountResults(texts: texts, attrs: ranges, errorListEntries: entries)
    }

    /// An entry of `ErrorList` with nothing but the account, which the caller has named, and the code.
    private static func code(of entry: [UInt8], for account: Account) -> [UInt8] {
        var code: Int64?
        var reader = JSONReader(entry)
        do throws(JSONSyntaxError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if code == nil, reader.matches(key, "ErrorCode"), try reader.peek() == .number {
                    code = try reader.integralNumber()
                } else {
                    try reader.skipValue()
                }
            }
        } catch {
            code = nil
        }
        var json = JSONWriter()
        json.object { json in
            json.key("To_Account")
            json.string(account.utf8)
            if let code {
                json.key("ErrorCode")
                json.integer(code)
            }
        }
        return json.bytes
    }
}
