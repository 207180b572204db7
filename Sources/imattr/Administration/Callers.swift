import AttributeAPI
import IMAttrClient

/// The result of `getCallers`. What it does not say is 0 or nil.
struct Callers {
    struct User {
        let uid: Int
        let connections: Int
        let requests: Int
        let accounts: Int
        let waitingAccounts: Int
    }

    struct Connection {
        let number: Int
        let uid: Int
        /// The rule that applies to it; nil if none does.
        let rule: String?
        let pid: Int
        let openSeconds: Int
        let requests: Int
        let accounts: Int
        let waitingRequests: Int
    }

    let rateLimit: Int?
    let slotsHeld: Int?
    let users: [User]
    let connections: [Connection]
    let connectionCount: Int
    /// Whether the daemon is configured with rules.
    let hasRules: Bool

    /// - Throws: That the daemon's answer is not JSON.
    init(_ json: [UInt8]) throws(IMAttrError) {
        guard let tree = try? JSONTree(json: json) else { throw .protocol("a result of getCallers that is not JSON") }
        rateLimit = tree["rateLimit"]?.integer
        slotsHeld = tree["slotsHeld"]?.integer
        connectionCount = tree["connectionCount"]?.integer ?? 0
        hasRules = tree["rules"]?.elements.isEmpty == false
        users = (tree["users"]?.elements ?? []).map { user in
            func number(_ key: String) -> Int { user[key]?.integer ?? 0 }
            return User(
                uid: number("uid"), connections: number("connections"), requests: number("requests"),
                accounts: number("accounts"), waitingAccounts: number("waitingAccounts"))
        }
        connections = (tree["connections"]?.elements ?? []).map { connection in
            func number(_ key: String) -> Int { connection[key]?.integer ?? 0 }
            return Connection(
                number: number("connection"), uid: number("uid"), rule: connection["rule"]?.text, pid: number("pid"),
                openSeconds: number("openSeconds"),
                requests: number("requests"), accounts: number("accounts"), waitingRequests: number("waitingRequests"))
        }
    }
}

extension JSONTree {
    /// The value of a whole number; nil of anything else.
    fileprivate var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits)
    }
}
