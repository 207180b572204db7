extension IMAttrClient {
    /// Accounts in a request, unless the caller says another number.
    static let batch = 500
    /// Requests in flight at once, unless the caller says another number.
    static let inFlight = 32

    /// Fetches the attributes of any number of accounts: requests of 500 accounts are sent, 32 at a time, and
    /// their answers are combined. The first error ends the call and withdraws the other requests, unless `partial` is true.
    /// For more accounts than memory should hold, see
    /// ``stream(_:batch:inFlight:timeout:maxAge:partial:)->AttributeStream<Accounts>``.
    ///
    /// - Parameters:
    ///   - accounts: Each 1…255 bytes of UTF-8.
    ///   - timeout: The whole time of the call, 1 ms to 600 s.
    ///   - maxAge: How old an answer that the daemon already holds may be, up to an hour; its default, 0, asks upstream.
    ///   - partial: Whether what was fetched is returned even if some accounts fail: those are in
    ///     ``GetAttrsResult/failed`` then. The call fails only if no account was answered at all, or if the error is not
    ///     about accounts, such as a lost daemon.
    public func getAttrs(
        _ accounts: some Sequence<Account>, timeout: Duration = .seconds(30), maxAge: Duration? = nil,
        partial: Bool = false
    ) async throws(IMAttrError) -> GetAttrsResult {
        let accounts = Array(accounts)
        if accounts.isEmpty { return GetAttrsResult() }
        if accounts.count <= Self.batch {
            return try await result(
                of: Request(accounts: accounts, timeout: timeout, maxAge: maxAge, partial: partial))
        }
        for (index, account) in accounts.enumerated() { try Request.check(account, index: index) }
        return try await parts(of: accounts, timeout: timeout, maxAge: maxAge, partial: partial)
    }

    private func result(of request: Request) async throws(IMAttrError) -> GetAttrsResult {
        try readResult(try await reply(to: request))
    }

    /// Reads the answer to a request of `getAttrs`.
    func readResult(_ reply: Reply) throws(IMAttrError) -> GetAttrsResult {
        do throws(IMAttrError) {
            return try GetAttrsResult(reply.slice)
        } catch {
            throw distrust(reply, error)
        }
    }

    private func parts(
        of accounts: [Account], timeout: Duration, maxAge: Duration?, partial: Bool
    ) async throws(IMAttrError) -> GetAttrsResult {
        let end = ContinuousClock.now + timeout
        let window = RequestWindow(client: self, partial: partial)
        let count = (accounts.count + Self.batch - 1) / Self.batch
        var answers = Answers(count: count, accounts: accounts, partial: partial)
        var made = 0
        while made < answers.results.count || window.count > 0 {
            while window.count < Self.inFlight, made < answers.results.count {
                defer { made += 1 }
                let timeLeft = made == 0 ? timeout : end - .now
                guard timeLeft >= Request.allowedTimeout.lowerBound else {
                    try answers.failed(made, .deadline())
                    continue
                }
                let request = try Request(
                    accounts: answers.accounts(of: made), timeout: timeLeft, maxAge: maxAge, partial: partial)
                window.send(request, index: made)
            }
            if window.count == 0 { break }
            let (index, reply) = await window.next()
            switch reply {
            case .success(let reply): answers.results[index] = try readResult(reply)
            case .failure(let error): try answers.failed(index, error)
            }
        }
        return try answers.whole
    }

    /// The answers to the requests of one call.
    private struct Answers {
        var results: [GetAttrsResult?]
        private let accounts: [Account]
        private let partial: Bool
        private var firstError: (index: Int, error: IMAttrError)?

        init(count: Int, accounts: [Account], partial: Bool) {
            results = Array(repeating: nil, count: count)
            self.accounts = accounts
            self.partial = partial
        }

        func accounts(of index: Int) -> ArraySlice<Account> {
            accounts[(index * IMAttrClient.batch)..<min((index + 1) * IMAttrClient.batch, accounts.count)]
        }

        /// A request has failed; with `partial`, only its accounts have if the error is about them.
        mutating func failed(_ index: Int, _ error: IMAttrError) throws(IMAttrError) {
            guard partial, let ofAccounts = error.ofAccounts else { throw error }
            results[index] = GetAttrsResult(failed: accounts(of: index), ofAccounts)
            if firstError.map({ index < $0.index }) ?? true { firstError = (index, error) }
        }

        /// All of them, unless nothing was answered.
        var whole: GetAttrsResult {
            get throws(IMAttrError) {
                let parts = results.compactMap { $0 }
                if let firstError, parts.allSatisfy({ $0.userAttrs.isEmpty && $0.missing.isEmpty }) {
                    throw firstError.error
                }
                return GetAttrsResult(parts: parts, asked: accounts)
            }
        }
    }
}

extension GetAttrsResult {
    /// Puts together what several requests were answered, in the order in which the accounts were first mentioned. An account
    /// that was mentioned in several of them is there once, and is not missing if any of them has it.
    init(parts: [GetAttrsResult], asked accounts: [Account]) {
        var found: [Account: UserAttributes] = [:]
        var absent: Set<Account> = []
        var failures: [Account: FailedAccount] = [:]
        for part in parts {
            for failure in part.failed where failures[failure.account] == nil { failures[failure.account] = failure }
            for user in part.userAttrs where found[user.account] == nil { found[user.account] = user }
            absent.formUnion(part.missing)
            errorList += part.errorList
        }
        for account in accounts {
            if let user = found.removeValue(forKey: account) {
                userAttrs.append(user)
                absent.remove(account)
                failures[account] = nil
            } else if absent.remove(account) != nil {
                missing.append(account)
                failures[account] = nil
            } else if let failure = failures.removeValue(forKey: account) {
                failed.append(failure)
            }
        }
    }
}
