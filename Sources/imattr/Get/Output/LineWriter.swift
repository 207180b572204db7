import IMAttrClient
import JSONTokens

/// One JSON object a line: `{"To_Account":…,"Attrs":{…}}`, or `{"To_Account":…,"missing":true}` with `ErrorCode` and `ErrorInfo` if
/// upstream sent them, or `{"To_Account":…,"failed":true,"code":…,"message":…}` if it was refused.
struct LineWriter: AnswerWriter {
    let holdsAnswers = false

    func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws {
        for answer in block.answers {
            try output.write(Self.object(answer, block.refusals[answer.account]))
            try output.write(line: "")
        }
    }

    func end(isComplete: Bool, to output: inout StandardOutput) throws {}

    private static func object(_ answer: AccountAnswer, _ refusal: Refusal?) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + (answer.attrs?.json.count ?? 0))
        json.object { json in
            json.key("To_Account")
            json.string(answer.account.text)
            if let attrs = answer.attrs {
                json.key("Attrs")
                json.raw(attrs.json)
            } else if let refusal {
                json.key("failed")
                json.boolean(true)
                refusal.writeReason(to: &json)
                return
            } else {
                json.key("missing")
                json.boolean(true)
            }
            if let code = answer.error?.code {
                json.key("ErrorCode")
                json.integer(code)
            }
            if let info = answer.error?.info {
                json.key("ErrorInfo")
                json.string(info)
            }
        }
        return json.bytes
    }
}
