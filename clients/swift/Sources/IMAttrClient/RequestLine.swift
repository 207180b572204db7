import JSONTokens

/// The lines that the client sends, each with its end.
enum RequestLine {
    /// A request; `params` is the JSON text of an object or array, or nil for none.
    static func request(_ id: Int, _ method: String, params: [UInt8]?) -> [UInt8] {
        line(method, id: id, capacity: params?.count ?? 0) { json in
            if let params {
                json.key("params")
                json.raw(params)
            }
        }
    }

    /// A request of `getAttrs`; `accounts` is the JSON text of an array.
    static func getAttrs(_ id: Int, accounts: [UInt8], timeoutMs: Int, maxAgeMs: Int?, partial: Bool = false) -> [UInt8]
    {
        line("getAttrs", id: id, capacity: accounts.count + 64) { json in
            json.key("params")
            json.object { json in
                json.key("To_Account")
                json.raw(accounts)
                json.key("timeoutMs")
                json.integer(timeoutMs)
                if let maxAgeMs {
                    json.key("maxAgeMs")
                    json.integer(maxAgeMs)
                }
                if partial {
                    json.key("partial")
                    json.boolean(true)
                }
            }
        }
    }

    /// Notifies the daemon that no call waits for a request any more.
    static func cancellation(of id: Int) -> [UInt8] {
        line("$/cancelRequest", id: nil, capacity: 32) { json in
            json.key("params")
            json.object { json in
                json.key("id")
                json.integer(id)
            }
        }
    }

    private static func line(
        _ method: String, id: Int?, capacity: Int, params: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(capacity: 96 + method.utf8.count + capacity)
        json.object { json in
            json.key("jsonrpc")
            json.string("2.0")
            if let id {
                json.key("id")
                json.integer(id)
            }
            json.key("method")
            json.string(method)
            params(&json)
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
