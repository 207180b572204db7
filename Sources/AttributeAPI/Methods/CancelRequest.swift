import JSONRPC
import JSONTokens

/// `$/cancelRequest`: the caller takes back every request of its connection that has this id.
public enum CancelRequest {
    private static let param: StaticString = "id"
    private static let names = [param]

    /// Reads the id, byte for byte; nil if it is not an id, since errors of a notification are not reported.
    public static func id(_ params: JSONRPC.Params) -> RequestID? {
        var id: RequestID?
        do {
            try params.read(names) { _, reader in
                let kind = try reader.peek()
                let token = try reader.skipValue()
                if kind == .string || kind == .number || kind == .null {
                    id = RequestID(token: reader.bytes[token])
                }
            }
            return id
        } catch {
            return nil
        }
    }

    static let description = MethodDescription(
        summary: "Cancels this connection's requests that have an id.",
        details: """
            A notification: send it without an id of its own. Each request that still waits is answered with -32800 \
            (cancelled); one that has been answered already stays answered.
            """,
        params: [
            ParamDescription(
                name: param.description, isRequired: true,
                schema: [
                    "type": ["string", "number", "null"],
                    "description": "The id, with the same bytes as in the request: 1 and 1.0 are two ids.",
                ])
        ],
        result: nil, example: nil)
}
