extension IMAttrClient {
    /// Fetches the attributes of any number of accounts, in bounded memory, in input order: each element is the answer to one
    /// request. All else is as with ``stream(_:batch:inFlight:timeout:maxAge:)-(AsyncSequence,_,_,_,_)``; answers that come
    /// before their turn are held, and an error ends the sequence when its turn comes.
    public func batches<Accounts: AsyncSequence>(
        of accounts: Accounts, batch: Int = 500, inFlight: Int = 32,
        timeout: Duration = .seconds(30), maxAge: Duration? = nil
    ) -> AttributeBatches<Accounts> where Accounts.Element == Account {
        let plan = JobPlan(batch: batch, inFlight: inFlight, timeout: timeout, maxAge: maxAge)
        return AttributeBatches(client: self, accounts: accounts, plan: plan)
    }

    /// The same for accounts that are at hand, or made as they are asked for.
    public func batches<Accounts: Sequence>(
        of accounts: Accounts, batch: Int = 500, inFlight: Int = 32,
        timeout: Duration = .seconds(30), maxAge: Duration? = nil
    ) -> AttributeBatches<AccountSequence<Accounts>> where Accounts.Element == Account {
        batches(of: AccountSequence(accounts), batch: batch, inFlight: inFlight, timeout: timeout, maxAge: maxAge)
    }
}

/// The results of a large job, one request's after the other, in input order.
public struct AttributeBatches<Accounts: AsyncSequence>: AsyncSequence where Accounts.Element == Account {
    let client: IMAttrClient
    let accounts: Accounts
    let plan: JobPlan

    /// Starts the job; requests are sent when the first result is asked for.
    public func makeAsyncIterator() -> Iterator {
        Iterator(requests: JobRequests(client: client, accounts: accounts.makeAsyncIterator(), plan: plan))
    }

    /// Keeps the window of requests full and waits for the oldest.
    public struct Iterator: AsyncIteratorProtocol {
        var requests: JobRequests<Accounts.AsyncIterator>
        private var early: [Int: Result<GetAttrsResult, any Error>] = [:]
        private var turn = 0

        init(requests: JobRequests<Accounts.AsyncIterator>) { self.requests = requests }

        /// The next request's result; nil once all accounts are answered.
        ///
        /// - Throws: ``IMAttrError``, and what the sequence of accounts throws.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws -> GetAttrsResult? {
            while early[turn] == nil {
                guard let (index, result) = await requests.next(actor, held: early.count) else { return nil }
                if case .failure = result { requests.stopReading() }
                early[index] = result
            }
            defer { turn += 1 }
            if case .failure = early[turn] { requests.end() }
            return try early.removeValue(forKey: turn)?.get()
        }

        /// The next result, wherever the caller runs.
        public mutating func next() async throws -> GetAttrsResult? { try await next(isolation: nil) }
    }
}
