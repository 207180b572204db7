import IMAttrClient
import JSONTokens

/// The JSON document of `imattr get`, made piece by piece: `{"UserAttrs":[…],"missing":[…]}`, with `ErrorList` if
/// upstream sent one.
///
/// Entries are passed on as they come. Missing accounts stand after them, so they are held until the end, as JSON text:
/// about 20 MB for a million.
struct AttributeDocument {
    private var hasBegun = false
    private var hasEntry = false
    private var missing: [UInt8] = []
    private var errorList: [UInt8] = []

    /// Whether any account is missing so far.
    var hasMissing: Bool { !missing.isEmpty }

    /// The text that one more result adds.
    mutating func append(_ result: GetAttrsResult) -> [UInt8] {
        for account in result.missing { Self.append(Self.quoted(account), to: &missing) }
        for entry in result.errorList { Self.append(entry.json, to: &errorList) }
        var text = beginning()
        for entry in result.userAttrs {
            if hasEntry { text.append(UInt8(ascii: ",")) }
            hasEntry = true
            text += "{\"To_Account\":".utf8
            text += Self.quoted(entry.account)
            text += ",\"Attrs\":".utf8
            text += entry.attrs.json
            text.append(UInt8(ascii: "}"))
        }
        return text
    }

    /// The text after the last result.
    mutating func end() -> [UInt8] {
        var text = beginning()
        text += "],\"missing\":[".utf8
        text += missing
        text.append(UInt8(ascii: "]"))
        if !errorList.isEmpty {
            text += ",\"ErrorList\":[".utf8
            text += errorList
            text.append(UInt8(ascii: "]"))
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    private mutating func beginning() -> [UInt8] {
        if hasBegun { return [] }
        hasBegun = true
        return Array("{\"UserAttrs\":[".utf8)
    }

    private static func append(_ element: [UInt8], to list: inout [UInt8]) {
        if !list.isEmpty { list.append(UInt8(ascii: ",")) }
        list += element
    }

    private static func quoted(_ account: Account) -> [UInt8] {
        var json = JSONWriter()
        json.string(account.utf8)
        return json.bytes
    }
}
