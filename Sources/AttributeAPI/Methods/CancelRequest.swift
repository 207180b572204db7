import JSONRPC
import JSONTokens

/// `$/cancelRequest`: the caller takes back every request of its connection that has this id.
public enum CancelRequest {
    /// Reads the id, byte for byte as it stands; nil if it is no id, since a notification is not told of its errors.
    public static func id(_ params: JSONRPC.Params) -> RequestID? {
        var id: RequestID?
        do {
            try params.read(["id"]) { _, reader in
                let kind = try reader.peek()
                let token = try reader.skipValue()
                if kind == .string || kind == .number || kind == .null {
                    id = RequestID(token: Array(reader.bytes[token]))
                }
            }
            return id
        } catch {
            return nil
        }
    }
}
