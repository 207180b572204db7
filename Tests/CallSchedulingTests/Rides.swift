import AttributeValues

@testable import CallScheduling

/// Accounts with a name in a table, each with a request of its own that waits for it.
struct Rides {
    var accounts = AccountTable()

    mutating func make(_ numbers: Range<Int>) -> [Ride] {
        numbers.map { number in
            let account = Account("\(number)")
            return Ride(
                account: account, id: accounts.id(of: account), waiters: Waiters(Self.request(number), index: 0))
        }
    }

    static func request(_ number: Int) -> RequestKey { RequestKey(number: UInt64(number + 1), place: number) }
}
