extension IMAttrClient {
    /// Accounts in a request, unless the caller says another number.
    static let batch = 500
    /// Requests under way at once, unless the caller says another number.
    static let inFlight = 32

    /// Fetches the attributes of any number of accounts: requests of 500 go out, 32 at a time, and what comes back is put
    /// together. The first error ends it and withdraws the rest. For more than memory should hold, see
    /// ``stream(_:batch:inFlight:timeout:maxAge:)-(AsyncSequence,_,_,_,_)``.
    ///
    /// - Parameters:
    ///   - accounts: Each 1…255 bytes of UTF-8.
    ///   - timeout: The whole time of the call, 1 ms to 600 s.
    ///   - maxAge: How old an answer that the daemon already holds may be, up to an hour; its default, 0, asks upstream.
    public func getAttrs(
        _ accounts: some Sequence<Account>, timeout: Duration = .seconds(30), maxAge: Duration? = nil
    ) async throws(IMAttrError) -> GetAttrsResult {
        let accounts = Array(accounts)
        if accounts.isEmpty { return GetAttrsResult() }
        if accounts.count <= Self.batch {
            return try await result(of: Request(accounts: accounts, timeout: timeout, maxAge: maxAge))
        }
        for (index, account) in accounts.enumerated() { try Request.check(account, index: index) }
        return try await parts(of: accounts, timeout: timeout, maxAge: maxAge)
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
        of accounts: [Account], timeout: Duration, maxAge: Duration?
    ) async throws(IMAttrError) -> GetAttrsResult {
        let end = ContinuousClock.now + timeout
        let window = RequestWindow(client: self)
        var results: [GetAttrsResult?] = []
        var rest = accounts[...]
        while !rest.isEmpty || window.count > 0 {
            while window.count < Self.inFlight, !rest.isEmpty {
                let timeLeft = results.isEmpty ? timeout : end - .now
                guard timeLeft >= Request.allowedTimeout.lowerBound else { throw .deadline }
                let request = try Request(accounts: rest.prefix(Self.batch), timeout: timeLeft, maxAge: maxAge)
                window.send(request, index: results.count)
                results.append(nil)
                rest = rest.dropFirst(Self.batch)
            }
            let (index, reply) = await window.next()
            results[index] = try readResult(try reply.get())
        }
        return GetAttrsResult(parts: results.compactMap { $0 }, asked: accounts)
    }
}

extension GetAttrsResult {
    /// Puts together what several requests were answered, in the order in which the accounts were first mentioned. An account
    /// that was mentioned in several of them is there once, and is not missing if any of them has it.
    init(parts: [GetAttrsResult], asked accounts: [Account]) {
        var found: [Account: UserAttributes] = [:]
        var absent: Set<Account> = []
        for part in parts {
            for user in part.userAttrs where found[user.account] == nil { found[user.account] = user }
            absent.formUnion(part.missing)
            errorList += part.errorList
        }
        for account in accounts {
            if let user = found.removeValue(forKey: account) {
                userAttrs.append(user)
                absent.remove(account)
            } else if absent.remove(account) != nil {
                missing.append(account)
            }
        }
    }
}
