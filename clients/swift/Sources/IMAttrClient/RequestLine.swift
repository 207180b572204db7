import JSONTokens

/// The lines that the client sends, each with its end.
enum RequestLine {
    /// A request; `params` is the JSON text of an object or array, or nil for none.
    static func request(_ id: Int, _ method: String, params: [UInt8]?) -> [UInt8] {
        line(method, id: id, params: params)
    }

    /// Tells the daemon that nobody waits for a request any more.
    static func cancellation(of id: Int) -> [UInt8] {
        line("$/cancelRequest", id: nil, params: Array("{\"id\":\(id)}".utf8))
    }

    /// The params of `getAttrs`; what is nil is left to the daemon's defaults.
    static func getAttrsParams(_ accounts: some Sequence<Account>, timeoutMs: Int?, maxAgeMs: Int?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("To_Account")
            json.array { json in for account in accounts { json.string(account.utf8) } }
            if let timeoutMs {
                json.key("timeoutMs")
                json.integer(timeoutMs)
            }
            if let maxAgeMs {
                json.key("maxAgeMs")
                json.integer(maxAgeMs)
            }
        }
        return json.bytes
    }

    private static func line(_ method: String, id: Int?, params: [UInt8]?) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + method.utf8.count + (params?.count ?? 0))
        json.object { json in
            json.key("jsonrpc")
            json.string("2.0")
            if let id {
                json.key("id")
                json.integer(id)
            }
            json.key("method")
            json.string(method)
            if let params {
                json.key("params")
                json.raw(params)
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
