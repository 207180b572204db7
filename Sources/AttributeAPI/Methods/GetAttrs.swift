import AttributeValues
import JSONRPC
import JSONTokens

/// `getAttrs`: the attributes of any number of accounts.
public enum GetAttrs {
    /// What a caller asks for.
    public struct Params: Hashable, Sendable {
        /// The distinct accounts, in the order of first mention.
        public var accounts: [Account] = []
        /// The whole time that the caller will wait, in milliseconds.
        public var timeoutMs = GetAttrs.timeoutMs.usual
        /// How old a held answer may be, in milliseconds; 0 asks upstream.
        public var maxAgeMs = GetAttrs.maxAgeMs.usual
        /// Whether an answer with the fetched accounts is wanted if others fail.
        public var partial = GetAttrs.partial.usual

        /// Where the first account is among those of the request that the caller may not ask for; nil if there is none.
        public private(set) var firstRefused: Int?

        /// Where that is, for a person and a program.
        public static func path(_ index: Int) -> String { "\(path)[\(index)]" }

        /// Reads the params of a request.
        /// - Parameters:
        ///   - maxAccounts: Accounts that a request may name, repetitions included.
        ///   - isAllowed: Whether the caller may ask for an account; nil if it may ask for all.
        /// - Throws: `-32602` that names the param at fault.
        public init(
            _ params: JSONRPC.Params, maxAccounts: Int, isAllowed: ((Account) -> Bool)? = nil
        ) throws(ErrorObject) {
            var given = false
            try params.read(GetAttrs.names) { index, reader in
                switch index {
                case 0:
                    given = true
                    (accounts, firstRefused) = try Self.accounts(&reader, maxAccounts: maxAccounts, isAllowed)
                case 1: timeoutMs = try GetAttrs.timeoutMs.read(&reader)
                case 2: maxAgeMs = try GetAttrs.maxAgeMs.read(&reader)
                default: partial = try GetAttrs.partial.read(&reader)
                }
            }
            if !given { throw .invalidParams("missing; an array of accounts is required", path: Self.path) }
        }

        private static let path = GetAttrs.accountsName.description

        private static func accounts(
            _ reader: inout JSONReader, maxAccounts: Int, _ isAllowed: ((Account) -> Bool)?
        ) throws -> (accounts: [Account], firstRefused: Int?) {
            guard try reader.peek() == .array else {
                throw ErrorObject.invalidParams("must be an array of strings", path: path)
            }
            var accounts = DistinctAccounts()
            var count = 0
            var firstRefused: Int?
            try reader.beginArray()
            while try reader.nextElement() {
                // What is beyond the limit is counted, for the message, but not kept.
                if count < maxAccounts {
                    let account = try account(&reader, at: count)
                    if count == 1 { accounts.reserveCapacity(room(reader, account, maxAccounts: maxAccounts)) }
                    if let isAllowed, firstRefused == nil, !isAllowed(account) { firstRefused = count }
                    accounts.append(account)
                } else {
                    try reader.skipValue()
                }
                count += 1
            }
            guard count <= maxAccounts else {
                var error = ErrorObject.invalidParams(
                    "\(count) accounts; at most \(maxAccounts) are allowed in a request", path: path)
                error.limit = .init(ServiceLimit.maxAccountsPerRequest.rawValue, maxAccounts)
                throw error
            }
            return (accounts.accounts, firstRefused)
        }

        /// How many there may be if those that follow are as long as the second: so that no array grows step by step.
        private static func room(_ reader: JSONReader, _ second: Account, maxAccounts: Int) -> Int {
            min(maxAccounts, (reader.bytes.count - reader.position) / (second.utf8.count + 3) + 2)
        }

        private static func account(_ reader: inout JSONReader, at index: Int) throws -> Account {
            guard try reader.peek() == .string else { throw refusal("must be a string", at: index) }
            let token = try reader.string()
            guard let text = reader.decode(token) else {
                throw refusal("a surrogate without its other half has no UTF-8", at: index)
            }
            guard Account.allowedLength.contains(text.utf8.count) else {
                throw refusal(
                    "\(text.utf8.count) bytes of UTF-8; allowed are \(Account.allowedLength.lowerBound) to "
                        + "\(Account.allowedLength.upperBound)", at: index)
            }
            return Account(text)
        }

        private static func refusal(_ why: String, at index: Int) -> ErrorObject {
            .invalidParams(why, path: path(index))
        }
    }

    /// What a caller gets.
    public enum Result {
        /// The JSON text of a result, on one line.
        /// - Parameters:
        ///   - accounts: Distinct, in the order of the request.
        ///   - results: What upstream said of each, in the same order.
        ///   - failed: The accounts that failed and why, by their index, ascending; they are not `missing`. Nil if the
        ///     caller has not asked for a partial result.
        public static func json(
            _ accounts: [Account], _ results: AccountResults, failed: [(index: Int, error: ErrorObject)]? = nil
        ) -> [UInt8] {
            precondition(accounts.count == results.count, "\(results.count) results for \(accounts.count) accounts")
            let failures = failed.map { Self.failures($0, accounts) }
            // Not by JSONWriter: there is one such object for every account that is asked for, and fewer pieces cost less.
            let names = accounts.reduce(0) { $0 + $1.utf8.count }
            return [UInt8](names: names, other: mostBesideNames(accounts.count, results) + (failures?.count ?? 0)) {
                json in
                json.append(#"{"UserAttrs":["#)
                var isFirst = true
                for index in accounts.indices {
                    results.withAttrs(at: index) { attrs in
                        json.append(isFirst ? #"{"To_Account":""# : #"},{"To_Account":""#)
                        accounts[index].withUTF8 { json.appendEscaped($0) }
                        json.append(#"","Attrs":"#)
                        json.append(attrs)
                        isFirst = false
                    }
                }
                json.append(isFirst ? #"],"missing":["# : #"}],"missing":["#)
                isFirst = true
                var failed = failed?[...] ?? []
                for index in accounts.indices where results.attrsCount(at: index) == nil {
                    if failed.first?.index == index {
                        failed.removeFirst()
                        continue
                    }
                    accounts[index].withUTF8 { json.appendElement($0, isFirst: isFirst) }
                    isFirst = false
                }
                json.append("]")
                if results.hasErrorListEntries { appendErrorList(of: results, to: &json) }
                if let failures { json.append(failures.span) }
                json.append("}")
            }
        }

        /// What is around all, around each account, and around each entry, and what they have.
        private static func mostBesideNames(_ accounts: Int, _ results: AccountResults) -> Int {
            let entries = results.hasErrorListEntries ? entries(of: results).reduce(0) { $0 + $1.count + 1 } : 0
            return 64 + 28 * accounts + results.attrsCount + entries
        }

        private static func entries(of results: AccountResults) -> [[UInt8]] {
            results.indices.compactMap(results.errorListEntry)
        }

        private static func appendErrorList(of results: AccountResults, to json: inout ReservedBytes) {
            json.append(#","ErrorList":["#)
            for (index, entry) in entries(of: results).enumerated() {
                if index > 0 { json.append(",") }
                json.append(entry.span)
            }
            json.append("]")
        }
    }
}

extension GetAttrs.Result {
    /// The member `failed` of a partial result, with the comma before it.
    fileprivate static func failures(_ failed: [(index: Int, error: ErrorObject)], _ accounts: [Account]) -> [UInt8] {
        var json = JSONWriter(capacity: 32 + 160 * failed.count)
        json.array { json in
            for (index, error) in failed { write(error, of: accounts[index], to: &json) }
        }
        return Array(#","failed":"#.utf8) + json.bytes
    }

    private static func write(_ error: ErrorObject, of account: Account, to json: inout JSONWriter) {
        json.object { json in
            json.key("To_Account")
            json.string(account.text)
            json.key("code")
            json.integer(error.code)
            json.key("message")
            json.string(error.message)
            json.key("retryable")
            json.boolean(error.retryable)
            json.member("ErrorInfo", error.errorInfo) { $0.string($1) }
            json.member("retryAfterMs", error.retryAfterMs) { $0.integer($1) }
            json.member("callId", error.callID) { $0.string($1) }
            json.member("random", error.random) { $0.integer($1) }
        }
    }
}

/// Accounts in the order of their first mention.
struct DistinctAccounts {
    private(set) var accounts: [Account] = []
    /// Where in the list each is; empty for one account, which is what most ask for.
    private(set) var index = HashIndex()

    mutating func reserveCapacity(_ count: Int) {
        accounts.reserveCapacity(count)
        index.reserveCapacity(count)
    }

    /// Appends an account that is not among them.
    mutating func append(_ account: consuming Account) {
        if !accounts.isEmpty {
            if accounts[0] == account { return }
            if index.count == 0 { index.insert(accounts[0].bytesHash, at: 0) }
            if index.place(of: account.bytesHash, where: { accounts[$0] == account }) != nil { return }
            index.insert(account.bytesHash, at: accounts.count)
        }
        accounts.append(account)
    }
}
