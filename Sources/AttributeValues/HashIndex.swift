import AttributeValues

/// An account with its hash, which is computed once for all that is looked up.
struct HashedAccount: Sendable {
    let account: Account
    /// Of a hash that nobody outside the process can foresee.
    let hash: UInt32

    init(_ account: Account) { self.init(account, hash: UInt32(truncatingIfNeeded: account.hashValue)) }

    init(_ account: Account, hash: UInt32) {
        self.account = account
        self.hash = hash
    }
}

/// Where in a list the entries of accounts are.
///
/// A dictionary would hash the account anew at each step, and look at three places for it. Here one word has the hash and
/// the place, so that nearly nothing else is looked at: with a million accounts, none of it is in the processor's cache.
struct AccountIndex: Sendable {
    /// Open addressing, linear probing. The high half of a slot is the hash, the low half the place + 1; 0 is vacant.
    private var slots: [UInt64] = []
    /// Accounts in the index.
    private(set) var count = 0

    private static let smallest = 16
    /// What many once needed is given back; a call's worth is not.
    private static let kept = 1024

    private var mask: Int { slots.count - 1 }

    private func home(_ slot: UInt64) -> Int { Int(slot >> 32) & mask }

    /// The place of an account's entry.
    /// - Parameter isEntry: Whether the entry at a place is the account's.
    func place(of wanted: HashedAccount, where isEntry: (Int) -> Bool) -> Int? {
        guard count > 0 else { return nil }
        var position = Int(wanted.hash) & mask
        while slots[position] != 0 {
            if slots[position] >> 32 == wanted.hash {
                let place = Self.place(slots[position])
                if isEntry(place) { return place }
            }
            position = (position + 1) & mask
        }
        return nil
    }

    /// Begins to fetch what will be looked at for an account.
    func prefetch(_ account: HashedAccount) { slots.prefetch(Int(account.hash) & mask) }

    /// Adds an account that is not in the index yet.
    mutating func insert(_ account: HashedAccount, at place: Int) {
        // At least a quarter is vacant.
        if 4 * (count + 1) > 3 * slots.count { resize(to: max(Self.smallest, 2 * slots.count)) }
        count += 1
        put(Self.slot(account, place))
    }

    /// Takes out an account, if it is in the index with that place.
    mutating func remove(_ account: HashedAccount, at place: Int) {
        guard count > 0 else { return }
        var hole = Int(account.hash) & mask
        let slot = Self.slot(account, place)
        while slots[hole] != slot {
            if slots[hole] == 0 { return }
            hole = (hole + 1) & mask
        }
        count -= 1
        closeGap(at: hole)
        if slots.count > Self.kept, 8 * count < slots.count { resize(to: slots.count / 2) }
    }

    /// Takes all out, and keeps the memory for as many.
    mutating func removeAll() {
        for position in slots.indices { slots[position] = 0 }
        count = 0
    }

    private static func slot(_ account: HashedAccount, _ place: Int) -> UInt64 {
        UInt64(account.hash) << 32 | UInt64(place + 1)
    }

    private static func place(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }

    private mutating func put(_ slot: UInt64) {
        var position = home(slot)
        while slots[position] != 0 { position = (position + 1) & mask }
        slots[position] = slot
    }

    /// Moves up whatever would not be found any more behind a gap.
    private mutating func closeGap(at first: Int) {
        var (gap, position) = (first, first)
        slots[gap] = 0
        while true {
            position = (position + 1) & mask
            let slot = slots[position]
            if slot == 0 { return }
            let stays = (position - home(slot)) & mask < (position - gap) & mask
            if stays { continue }
            slots[gap] = slot
            slots[position] = 0
            gap = position
        }
    }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = Array(repeating: 0, count: size)
        for slot in old where slot != 0 { put(slot) }
    }
}
