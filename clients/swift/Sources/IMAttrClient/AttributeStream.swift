extension IMAttrClient {
    /// Fetches the attributes of any number of accounts, in bounded memory, and gives each as its answer arrives.
    ///
    /// Requests of `batch` accounts go out with up to `inFlight` of them at once. Accounts are read when the next answer is
    /// asked for, and at most `batch` × `inFlight` ahead of it, so a slow consumer slows the reading. A request leaves once it
    /// is full or the input has ended, so a slow input delays its answers. An account that is repeated in one request is given
    /// once; in another request again.
    ///
    /// The first error ends the sequence; what was answered before it has been given. Leaving the loop early, or
    /// cancelling the task, withdraws what is in flight.
    ///
    /// - Parameters:
    ///   - accounts: Each 1…255 bytes of UTF-8.
    ///   - batch: Accounts in a request, 1…10000 unless the daemon allows fewer; 100…1000 is right for large jobs.
    ///   - inFlight: Requests in flight at once, 1…10000.
    ///   - timeout: The whole time of each request, 1 ms to 600 s.
    ///   - maxAge: How old an answer that the daemon already holds may be, up to an hour; its default, 0, asks upstream.
    ///   - partial: Whether an account that fails is given as such (``AccountAnswer/failure``), and the others go on. Errors
    ///     that are not about accounts, such as a lost daemon, end the sequence all the same.
    public func stream<Accounts: AsyncSequence>(
        _ accounts: Accounts, batch: Int = 500, inFlight: Int = 32,
        timeout: Duration = .seconds(30), maxAge: Duration? = nil, partial: Bool = false
    ) -> AttributeStream<Accounts> where Accounts.Element == Account {
        let plan = JobPlan(batch: batch, inFlight: inFlight, timeout: timeout, maxAge: maxAge, partial: partial)
        return AttributeStream(client: self, accounts: accounts, plan: plan)
    }

    /// The same for accounts that are at hand, or made as they are asked for.
    public func stream<Accounts: Sequence>(
        _ accounts: Accounts, batch: Int = 500, inFlight: Int = 32,
        timeout: Duration = .seconds(30), maxAge: Duration? = nil, partial: Bool = false
    ) -> AttributeStream<AccountSequence<Accounts>> where Accounts.Element == Account {
        stream(
            AccountSequence(accounts), batch: batch, inFlight: inFlight, timeout: timeout, maxAge: maxAge,
            partial: partial)
    }
}

/// One account's answer in a large job.
public struct AccountAnswer: Hashable, Sendable {
    /// Whose it is.
    public let account: Account
    /// The attributes as upstream wrote them; nil if upstream did not answer the account, or if it failed.
    public let attrs: Attrs?
    /// What upstream said about a missing account, if it did.
    public let error: AccountError?
    /// Why the account failed, if it did; only with `partial`.
    public let failure: FailedAccount?

    /// Puts them together.
    public init(account: Account, attrs: Attrs?, error: AccountError? = nil, failure: FailedAccount? = nil) {
        self.account = account
        self.attrs = attrs
        self.error = error
        self.failure = failure
    }
}

/// The answers of a large job, in the order in which they arrive.
public struct AttributeStream<Accounts: AsyncSequence>: AsyncSequence where Accounts.Element == Account {
    let client: IMAttrClient
    let accounts: Accounts
    let plan: JobPlan

    /// Starts the job; requests are sent when the first answer is asked for.
    public func makeAsyncIterator() -> Iterator {
        Iterator(requests: JobRequests(client: client, accounts: accounts.makeAsyncIterator(), plan: plan))
    }

    /// Keeps the window of requests full and gives what arrives.
    public struct Iterator: AsyncIteratorProtocol {
        var requests: JobRequests<Accounts.AsyncIterator>
        private var arrived: [AccountAnswer] = []
        private var given = 0

        init(requests: JobRequests<Accounts.AsyncIterator>) { self.requests = requests }

        /// The next answer; nil once all accounts are answered.
        ///
        /// - Throws: ``IMAttrError``, and what the sequence of accounts throws.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws -> AccountAnswer? {
            while given == arrived.count {
                guard let (_, result) = await requests.next(actor) else { return nil }
                if case .failure = result { requests.end() }
                (arrived, given) = (try result.get().answers, 0)
            }
            defer { given += 1 }
            return arrived[given]
        }

        /// The next answer, wherever the caller runs.
        public mutating func next() async throws -> AccountAnswer? { try await next(isolation: nil) }
    }
}

extension GetAttrsResult {
    /// Each account's answer: `UserAttrs` in its order, then `missing`, then `failed`.
    var answers: [AccountAnswer] {
        let errors = Dictionary(errorList.compactMap { error in error.account.map { ($0, error) } }) { first, _ in first
        }
        return userAttrs.map { AccountAnswer(account: $0.account, attrs: $0.attrs) }
            + missing.map { AccountAnswer(account: $0, attrs: nil, error: errors[$0]) }
            + failed.map { AccountAnswer(account: $0.account, attrs: nil, failure: $0) }
    }
}
