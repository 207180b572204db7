extension IMAttrClient {
    /// Fetches the attributes of any number of accounts, in bounded memory.
    ///
    /// Requests of `batch` accounts go out with up to `inFlight` of them under way; their results come in input order,
    /// each element being the answer to one request. At most `batch` × `inFlight` accounts are held. Accounts are read
    /// when the next result is asked for, so a slow consumer slows the reading. An account that is repeated in another
    /// batch is answered again.
    ///
    /// The first error ends the sequence. Leaving the loop early withdraws what is under way.
    ///
    /// - Parameters:
    ///   - accounts: Each 1…255 bytes of UTF-8.
    ///   - batch: Accounts in a request, 1…10000 unless the daemon allows fewer; 100…1000 is right for large jobs.
    ///   - inFlight: Requests under way at once, at least 1.
    ///   - timeoutMs: How long the daemon may take for each request, 1…600000 ms; its default is 30000.
    ///   - maxAgeMs: How old an answer it already holds may be, 0…3600000 ms; its default, 0, asks upstream.
    public func attributes<Accounts: AsyncSequence>(
        of accounts: Accounts, batch: Int = 500, inFlight: Int = 32, timeoutMs: Int? = nil, maxAgeMs: Int? = nil
    ) -> AttributeBatches<Accounts> where Accounts.Element == Account {
        AttributeBatches(
            client: self, accounts: accounts, batch: max(batch, 1), inFlight: max(inFlight, 1),
            timeoutMs: timeoutMs, maxAgeMs: maxAgeMs)
    }

    /// Fetches the attributes of any number of accounts that are at hand; see the other form.
    public func attributes<Accounts: Sequence>(
        of accounts: Accounts, batch: Int = 500, inFlight: Int = 32, timeoutMs: Int? = nil, maxAgeMs: Int? = nil
    ) -> AttributeBatches<AccountSequence<Accounts>> where Accounts.Element == Account {
        attributes(
            of: AccountSequence(accounts), batch: batch, inFlight: inFlight,
            timeoutMs: timeoutMs, maxAgeMs: maxAgeMs)
    }
}

/// The results of a large job, one request's after the other, in input order.
public struct AttributeBatches<Accounts: AsyncSequence>: AsyncSequence where Accounts.Element == Account {
    let client: IMAttrClient
    let accounts: Accounts
    let batch: Int
    let inFlight: Int
    let timeoutMs: Int?
    let maxAgeMs: Int?

    /// Starts the job; requests are sent when the first result is asked for.
    public func makeAsyncIterator() -> Iterator {
        Iterator(job: self, accounts: accounts.makeAsyncIterator(), window: CallWindow(client: client))
    }

    /// Keeps the window of requests full and waits for the oldest.
    public struct Iterator: AsyncIteratorProtocol {
        let job: AttributeBatches
        var accounts: Accounts.AsyncIterator
        let window: CallWindow

        /// The next request's result; nil once all accounts are answered.
        ///
        /// - Throws: ``IMAttrError``, and what the sequence of accounts throws.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws -> GetAttrsResult? {
            while window.calls.count < job.inFlight {
                guard let params = try await nextBatch(actor) else { break }
                window.calls.append(job.client.start("getAttrs", params: params))
            }
            guard let oldest = window.calls.first else { return nil }
            let result = try await job.client.result(of: oldest)
            window.calls.removeFirst()
            return try GetAttrsResult(result)
        }

        /// The next result, wherever the caller runs.
        public mutating func next() async throws -> GetAttrsResult? { try await next(isolation: nil) }

        private mutating func nextBatch(_ actor: isolated (any Actor)?) async throws -> [UInt8]? {
            var batch: [Account] = []
            while batch.count < job.batch, let account = try await accounts.next(isolation: actor) {
                batch.append(account)
            }
            if batch.isEmpty { return nil }
            return RequestLine.getAttrsParams(batch, timeoutMs: job.timeoutMs, maxAgeMs: job.maxAgeMs)
        }
    }
}

/// The requests under way of one job. They are withdrawn when the job is left, which only the end of an object's life
/// can notice.
final class CallWindow {
    let client: IMAttrClient
    var calls: [IMAttrClient.Call] = []

    init(client: IMAttrClient) { self.client = client }

    deinit {
        for call in calls { client.cancel(call) }
    }
}
