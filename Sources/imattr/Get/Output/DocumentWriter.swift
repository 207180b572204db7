import IMAttrClient
import JSONTokens

/// One JSON document, made piece by piece: `{"UserAttrs":[…],"missing":[…]}`, with `ErrorList` if upstream sent one, and `failed` if
/// accounts were refused, as `getAttrs` answers.
///
/// Entries are passed on as they come. Missing and refused accounts follow them, so they are held until the end, on disk if
/// they are many.
final class DocumentWriter: AnswerWriter {
    let holdsAnswers = false
    private var hasEntry = false
    private var missing = Spill()
    private var errorList = Spill()
    private var failed = Spill()

    func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        for answer in block.answers {
            if let refusal = block.refusals[answer.account] {
                try failed.append((failed.isEmpty ? [] : [UInt8(ascii: ",")]) + refusal.json)
                continue
            }
            guard let attrs = answer.attrs else {
                try missing.append((missing.isEmpty ? [] : [UInt8(ascii: ",")]) + Self.quoted(answer.account))
                continue
            }
            try output.write(Array((hasEntry ? ",{\"To_Account\":" : "{\"UserAttrs\":[{\"To_Account\":").utf8))
            hasEntry = true
            try output.write(Self.quoted(answer.account) + Array(",\"Attrs\":".utf8) + attrs.json + [UInt8(ascii: "}")])
        }
        for entry in block.errorList {
            try errorList.append((errorList.isEmpty ? [] : [UInt8(ascii: ",")]) + entry.json)
        }
    }

    func end(isComplete: Bool, to output: inout StandardOutput) throws {
        try output.write(Array((hasEntry ? "],\"missing\":[" : "{\"UserAttrs\":[],\"missing\":[").utf8))
        try missing.read { try output.write($0) }
        if !errorList.isEmpty {
            try output.write(Array("],\"ErrorList\":[".utf8))
            try errorList.read { try output.write($0) }
        }
        if !failed.isEmpty {
            try output.write(Array("],\"failed\":[".utf8))
            try failed.read { try output.write($0) }
        }
        try output.write(Array("]}".utf8))
        try output.write(line: "")
    }

    private static func quoted(_ account: Account) -> [UInt8] {
        var json = JSONWriter()
        json.string(account.text)
        return json.bytes
    }
}
