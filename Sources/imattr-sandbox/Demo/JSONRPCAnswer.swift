import FoundationEssentials

/// As much of an answer as the demo has to know.
struct JSONRPCAnswer {
    /// Whether it is a result, and not an error or anything else.
    let isResult: Bool

    init(_ line: String) {
        let fields = try? JSONDecoder().decode(Fields.self, from: Data(line.utf8))
        isResult = fields?.result != nil
    }

    private struct Fields: Decodable {
        var result: AnyValue?
    }

    /// A result of any shape.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }
}
