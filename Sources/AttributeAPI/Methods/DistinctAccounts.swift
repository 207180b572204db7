import AttributeValues

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
