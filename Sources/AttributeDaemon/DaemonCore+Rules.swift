import AttributeAPI
import CallScheduling
import JSONRPC
import JSONRPCServer
import JSONTokens
import Rights

/// What is reported of the rules.
extension DaemonCore {
    /// The member `caller` of a status: who the caller is for the daemon, its rule, its limits and its use.
    func callerJSON(_ connection: any RPCConnection, _ standing: Access.Standing) -> [UInt8] {
        let caller = connection.caller
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.key("uid")
            json.integer(caller.uid)
            json.key("socket")
            json.string(connection.door.name)
            json.key("access")
            switch standing {
            case .unrestricted: json.string(GetStatus.Access.all.rawValue)
            case .refused: json.string(GetStatus.Access.none.rawValue)
            case .rule(let inForce):
                json.string(GetStatus.Access.rule.rawValue)
                json.member("because", inForce.rule.match.reason(for: caller, at: connection.door)) { $0.string($1) }
                json.key("rule")
                json.object { write(inForce, to: &$0) }
            }
        }
        return json.bytes
    }

    /// Writes a rule's limits and use, without its accounts: there can be a thousand patterns.
    func write(_ inForce: RuleInForce, to json: inout JSONWriter) {
        let rule = inForce.rule
        json.key("name")
        json.string(rule.name)
        json.member("methods", rule.methods) { json, _ in
            json.array { json in
                for method in MethodName.forCallers where rule.allows(method) { json.string(method.rawValue) }
            }
        }
        json.member("accountPatterns", rule.accounts?.texts.count) { $0.integer($1) }
        json.member("attributes", rule.attributes?.names) { json, names in
            json.array { json in for name in names { json.string(name) } }
        }
        json.key("share")
        json.integer(rule.share)
        json.member("accountsPerSecond", rule.accountsPerSecond) { $0.integer($1) }
        json.member("maxQueuedAccounts", rule.maxQueuedAccounts) { $0.integer($1) }
        json.member("maxAccountsPerRequest", rule.maxAccountsInOneRequest) { $0.integer($1) }
        json.member("minMaxAgeMs", rule.minMaxAgeMs == 0 ? nil : rule.minMaxAgeMs) { $0.integer($1) }
        json.member("audit", rule.audit?.rawValue) { $0.string($1) }
        json.key("requests")
        json.integer(inForce.use.requests)
        json.key("accounts")
        json.integer(inForce.use.accounts)
        json.key("refused")
        json.integer(inForce.use.refused)
        let use = driver?.use(of: inForce.index)
        json.member("waitingAccounts", use?.openAccounts) { $0.integer($1) }
        json.member("accountsInLastSecond", use?.accountsInLastSecond) { $0.integer($1) }
        json.member("isDelayed", use?.isDelayed) { $0.boolean($1) }
    }
}
