/// How a large job asks.
struct JobPlan: Sendable {
    let batch: Int
    let inFlight: Int
    let timeout: Duration
    let maxAge: Duration?
    var partial = false

    private static let allowed = 1...10_000

    func check() throws(IMAttrError) {
        for (name, number) in [("batch", batch), ("inFlight", inFlight)] where !(Self.allowed ~= number) {
            throw .argument("\(name) is \(number); 1 to 10000 are allowed")
        }
    }
}

/// The requests of a large job: makes them of accounts as there is room, and gives their results as they arrive.
struct JobRequests<Accounts: AsyncIteratorProtocol> where Accounts.Element == Account {
    private let client: IMAttrClient
    private let window: RequestWindow
    private let plan: JobPlan
    /// nil once the input has ended, or an error has ended the job.
    private var accounts: Accounts?
    private var taken = 0
    private var made = 0
    /// What the requests that are in flight ask for, if accounts may fail alone.
    private var asked: [Int: [Account]] = [:]

    init(client: IMAttrClient, accounts: Accounts, plan: JobPlan) {
        self.client = client
        self.accounts = accounts
        self.plan = plan
        window = RequestWindow(client: client, partial: plan.partial)
    }

    /// Sends what there is room for, and waits for the next result, whichever it is; nil when all have been given. An error of
    /// the input comes as the result of the request that it kept from being made.
    ///
    /// - Parameter held: Results that have been given and take room all the same.
    mutating func next(
        _ actor: isolated (any Actor)?, held: Int = 0
    ) async -> (index: Int, result: Result<GetAttrsResult, any Error>)? {
        do {
            try plan.check()
            while window.count + held < plan.inFlight, let request = try await nextRequest(actor) {
                window.send(request, index: made)
                made += 1
            }
        } catch {
            accounts = nil
            return (made, .failure(error))
        }
        if window.count == 0 { return nil }
        let (index, reply) = await window.next(isolation: actor)
        let accounts = asked.removeValue(forKey: index)
        if case .failure(let error) = reply, let accounts, let ofAccounts = error.ofAccounts {
            return (index, .success(GetAttrsResult(failed: accounts, ofAccounts)))
        }
        let result = reply.flatMap { reply in
            Result { () throws(IMAttrError) in try client.readResult(reply) }
        }
        return (index, result.mapError { $0 })
    }

    /// Reads no more accounts, and withdraws what is in flight.
    mutating func end() {
        accounts = nil
        window.withdrawAll()
    }

    private mutating func nextRequest(_ actor: isolated (any Actor)?) async throws -> Request? {
        var batch: [Account] = []
        while batch.count < plan.batch, let account = try await accounts?.next(isolation: actor) {
            batch.append(account)
        }
        if batch.count < plan.batch { accounts = nil }
        if batch.isEmpty { return nil }
        defer { taken += batch.count }
        if plan.partial { asked[made] = batch }
        return try Request(
            accounts: batch, offset: taken, timeout: plan.timeout, maxAge: plan.maxAge, partial: plan.partial)
    }
}
