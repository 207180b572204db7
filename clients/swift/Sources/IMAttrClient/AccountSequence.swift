/// Accounts at hand, in the form that large jobs read.
public struct AccountSequence<Base: Sequence>: AsyncSequence where Base.Element == Account {
    let accounts: Base

    /// Wraps accounts.
    public init(_ accounts: Base) { self.accounts = accounts }

    /// Starts at the first account.
    public func makeAsyncIterator() -> Iterator { Iterator(base: accounts.makeIterator()) }

    /// Gives one account after the other without ever waiting.
    public struct Iterator: AsyncIteratorProtocol {
        var base: Base.Iterator

        /// The next account.
        public mutating func next() async -> Account? { base.next() }

        /// The next account.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Account? { base.next() }
    }
}
