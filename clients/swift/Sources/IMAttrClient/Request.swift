import JSONTokens

/// What is asked, for as long as it may have to be asked again.
struct Request: Sendable {
    /// How the params are written.
    enum Params: Sendable {
        /// None, or JSON text on one line.
        case json([UInt8]?)
        /// Those of `getAttrs`: the JSON array of accounts, and how old an answer may be. The time that is left is
        /// beside them, so they are put together each time they are sent.
        case getAttrs(accounts: [UInt8], maxAgeMs: Int?, partial: Bool)
    }

    let method: String
    let params: Params
    /// How long the caller waits; the daemon gets to know what is left of it.
    let timeout: Duration

    /// What a caller may say.
    static let allowedTimeout: ClosedRange<Duration> = .milliseconds(1) ... .seconds(600)
    /// How old an answer may be.
    static let allowedMaxAge: ClosedRange<Duration> = .zero ... .seconds(3600)

    /// - Throws: ``IMAttrError/argument(_:)``.
    init(_ method: String, params: [UInt8]?, timeout: Duration) throws(IMAttrError) {
        self.method = method
        self.params = .json(try params.map(Self.checked(params:)))
        self.timeout = try Self.checked(timeout)
    }

    /// A request of `getAttrs`.
    ///
    /// - Parameter offset: How many accounts of the same job came before, for the index that an error names.
    /// - Throws: ``IMAttrError/argument(_:)``.
    init(
        accounts: some Collection<Account>, offset: Int = 0, timeout: Duration, maxAge: Duration?, partial: Bool = false
    ) throws(IMAttrError) {
        var json = JSONWriter()
        for (index, account) in accounts.enumerated() { try Self.check(account, index: offset + index) }
        json.array { json in for account in accounts { json.string(account.text) } }
        method = "getAttrs"
        params = .getAttrs(
            accounts: json.bytes, maxAgeMs: try Self.milliseconds(maxAge: maxAge), partial: partial)
        self.timeout = try Self.checked(timeout)
    }

    /// The request's line with its end.
    ///
    /// - Parameter timeLeft: What is left of ``timeout``; less than a millisecond counts as one.
    func line(id: Int, timeLeft: Duration) -> [UInt8] {
        switch params {
        case .json(let params): RequestLine.request(id, method, params: params)
        case .getAttrs(let accounts, let maxAgeMs, let partial):
            RequestLine.getAttrs(
                id, accounts: accounts, timeoutMs: max(timeLeft.millisecondsRoundedUp, 1), maxAgeMs: maxAgeMs,
                partial: partial)
        }
    }

    // MARK: Checks

    static func check(_ account: Account, index: Int) throws(IMAttrError) {
        let count = account.utf8.count
        guard Account.allowedLength ~= count else {
            throw .argument("accounts[\(index)] has \(count) bytes; 1 to 255 are allowed")
        }
    }

    /// The params on one line: outside of strings, where they cannot be, ends of lines are white space.
    static func checked(params: [UInt8]) throws(IMAttrError) -> [UInt8] {
        do {
            var reader = JSONReader(params)
            let kind = try reader.peek()
            _ = try reader.skipValue()
            try reader.finish()
            guard kind == .object || kind == .array else { throw IMAttrError.argument("") }
        } catch {
            throw .argument("params is not the JSON text of an object or an array")
        }
        return params.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
    }

    static func checked(_ timeout: Duration) throws(IMAttrError) -> Duration {
        guard allowedTimeout ~= timeout else {
            throw .argument("timeout is \(timeout); 1 ms to 600 s are allowed")
        }
        return timeout
    }

    static func milliseconds(maxAge: Duration?) throws(IMAttrError) -> Int? {
        guard let maxAge else { return nil }
        guard allowedMaxAge ~= maxAge else {
            throw .argument("maxAge is \(maxAge); 0 to 3600 s are allowed")
        }
        return maxAge.millisecondsRoundedUp
    }
}

extension Duration {
    /// Whole milliseconds; a part of one counts as one.
    var millisecondsRoundedUp: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
