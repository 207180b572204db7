import AttributeValues

/// The end of a request that accepts a partial result: some of its accounts were answered, the others failed.
public struct PartialResult: Sendable {
    /// Why an account was not answered.
    public enum Reason: Sendable {
        /// Its calls failed.
        case failure(CallFailure)
        /// Time ran out first.
        case deadlineExceeded
        /// A limit on waiting accounts is met.
        case overloaded(QueueLimit, retryAfter: Duration)
        /// The daemon stops.
        case shuttingDown
    }

    /// One result for each of the request's accounts, in their order. Failed accounts have no attributes.
    public let results: AccountResults
    /// The failed accounts by their index in the request, ascending.
    public let failed: [(index: Int, reason: Reason)]

    /// Describes an end.
    public init(results: AccountResults, failed: [(index: Int, reason: Reason)]) {
        self.results = results
        self.failed = failed
    }
}

extension WaitingRequest {
    /// The end of a request of which some accounts were answered, with one reason for all that is open; nil if the
    /// request accepts no partial result, or if no account was answered.
    func partly(_ reason: PartialResult.Reason) -> RequestOutcome? {
        guard acceptsPartial, fetched > 0 else { return nil }
        let failed = accounts.indices.compactMap { index -> (index: Int, reason: PartialResult.Reason)? in
            if let failure = failures[index] { return (index, .failure(failure)) }
            return isOpen(index) ? (index, reason) : nil
        }
        return .partly(PartialResult(results: results, failed: failed))
    }
}
