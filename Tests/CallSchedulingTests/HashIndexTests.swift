import AttributeValues
import Testing

@testable import CallScheduling

/// Where the entries of accounts are.
@Suite struct AccountIndexTests {
    /// Few hashes are as bad as it gets: nearly all are in each other's way, also across the end of the slots.
    @Test(arguments: [40, 1000, 1 << 32] as [UInt64])
    func itAgreesWithADictionary(hashes: UInt64) {
        var generator = SeededGenerator(seed: hashes)
        let accounts = (0..<2000).map { number in
            HashedAccount(Account("user\(number)"), hash: UInt32.max &- UInt32(generator.next() % hashes))
        }
        var index = AccountIndex()
        var model: [Int: Int] = [:]
        for step in 0..<60_000 {
            // It grows for a while, and then shrinks.
            let isGrowing = step / 10_000 % 2 == 0
            let number = Int(generator.unit() * 2000)
            if let place = model[number] {
                if !isGrowing || generator.unit() < 0.2 {
                    index.remove(accounts[number], at: place)
                    model[number] = nil
                }
            } else if isGrowing || generator.unit() < 0.2 {
                index.insert(accounts[number], at: number)
                model[number] = number
            }
            let sought = Int(generator.unit() * 2000)
            #expect(index.place(of: accounts[sought]) { $0 == sought } == model[sought])
            #expect(index.count == model.count)
        }
        index.removeAll()
        #expect(index.count == 0)
        for (number, account) in accounts.enumerated() { #expect(index.place(of: account) { $0 == number } == nil) }
    }

    @Test func aPlaceThatIsNotTheAccountsIsLeftAlone() {
        var index = AccountIndex()
        index.remove("a", at: 0)
        index.insert("a", at: 7)
        index.remove("a", at: 8)
        #expect(index.count == 1 && index.place(of: "a") { $0 == 7 } == 7)
    }
}

extension HashedAccount: ExpressibleByStringLiteral {
    /// Wraps a literal.
    public init(stringLiteral value: String) { self.init(Account(value)) }
}
