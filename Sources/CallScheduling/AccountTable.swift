import AttributeValues

/// Names an account for as long as the scheduler has to do with it, so that its name is looked up once for a request and not at
/// each of the many steps of a call.
struct AccountID: Hashable, Sendable {
    fileprivate let place: UInt32
    /// Tells those apart who have had the same place one after the other.
    fileprivate let serial: UInt32
}

/// The accounts that somebody waits for or that are under way in a call.
struct AccountTable: Sendable {
    /// What is known of one.
    struct State: Sendable {
        fileprivate let hashed: HashedAccount
        fileprivate let serial: UInt32
        var account: Account { hashed.account }
        /// Everybody who waits for it and is not waiting for a call that is under way.
        var waiters: Waiters?
        /// The call that it is under way in, and its place there.
        var ride: (call: CallKey, place: Int32)?
        /// Whether a lane or a retry brings it back, so that no request's turn takes it.
        var isReserved = false

        /// Somebody more waits.
        /// - Returns: Whether nobody did.
        fileprivate mutating func wait(_ key: RequestKey, at index: Int) -> Bool {
            if waiters != nil {
                waiters?.add(key, index: index)
                return false
            }
            waiters = Waiters(key, index: index)
            return true
        }

        fileprivate mutating func takeWaiters() -> Waiters? {
            guard let waiters = waiters.take() else { return nil }
            isReserved = false
            return waiters
        }
    }

    private var index = AccountIndex()
    private var states: [State?] = []
    private var vacant: [UInt32] = []
    private var lastSerial: UInt32 = 0

    /// How many are waited for, each once however many wait for it.
    private(set) var waitedFor = 0

    /// The account's name here, which it gets if it has none.
    mutating func id(of account: HashedAccount) -> AccountID { known(account) ?? add(account) }

    /// The account's name here, if it has one.
    func known(_ account: HashedAccount) -> AccountID? {
        guard let place = index.place(of: account, where: { states[$0]?.account == account.account }),
            let state = states[place]
        else { return nil }
        return AccountID(place: UInt32(place), serial: state.serial)
    }

    private mutating func add(_ account: HashedAccount) -> AccountID {
        lastSerial &+= 1
        let state = State(hashed: account, serial: lastSerial)
        let place = vacant.popLast() ?? UInt32(states.count)
        if Int(place) == states.count { states.append(state) } else { states[Int(place)] = state }
        index.insert(account, at: Int(place))
        return AccountID(place: place, serial: lastSerial)
    }

    /// Begins to fetch what ``id(of:)`` will look at.
    func prefetch(_ account: HashedAccount) { index.prefetch(account) }

    /// Begins to fetch what is known of an account.
    func prefetch(_ id: AccountID) { states.prefetch(Int(id.place)) }

    private func holds(_ id: AccountID) -> Bool {
        id.place < states.count && states[Int(id.place)]?.serial == id.serial
    }

    /// The account of this name; nil once it is forgotten.
    func account(_ id: AccountID) -> HashedAccount? { holds(id) ? states[Int(id.place)]?.hashed : nil }

    /// Takes those who wait for an account, whom nothing else has to bring into a call any more.
    mutating func takeWaiters(_ id: AccountID) -> Waiters? {
        guard holds(id), let waiters = states[Int(id.place)]?.takeWaiters() else { return nil }
        waitedFor -= 1
        return waiters
    }

    /// Whether a request waits for an account.
    func waits(_ key: RequestKey, for id: AccountID) -> Bool {
        holds(id) && states[Int(id.place)]?.waiters?.contains(key) == true
    }

    /// Somebody more waits for an account, which is known.
    mutating func wait(_ key: RequestKey, for id: AccountID, at index: Int) {
        if holds(id), states[Int(id.place)]?.wait(key, at: index) == true { waitedFor += 1 }
    }

    /// Somebody does not wait any more.
    /// - Returns: Whether he was the last one.
    mutating func stopWaiting(_ key: RequestKey, for id: AccountID) -> Bool {
        guard holds(id), states[Int(id.place)]?.waiters?.remove(key) == true else { return false }
        return takeWaiters(id) != nil
    }

    /// Whether a lane or a retry brings an account back.
    subscript(isReserved id: AccountID) -> Bool {
        get { holds(id) && states[Int(id.place)]?.isReserved == true }
        set { if holds(id) { states[Int(id.place)]?.isReserved = newValue } }
    }

    /// The call that an account is under way in, and its place there.
    subscript(rideOf id: AccountID) -> (call: CallKey, place: Int32)? {
        get { holds(id) ? states[Int(id.place)]?.ride : nil }
        set { if holds(id) { states[Int(id.place)]?.ride = newValue } }
    }

    /// Forgets an account that nobody waits for and no call has.
    /// - Returns: Whether it is forgotten.
    @discardableResult
    mutating func forgetUnlessWanted(_ id: AccountID) -> Bool {
        guard holds(id) else { return true }
        guard let account = unwanted(id) else { return false }
        index.remove(account, at: Int(id.place))
        states[Int(id.place)] = nil
        vacant.append(id.place)
        // What many once needed is given back.
        if index.count == 0, states.count > Self.keptCapacity { self = AccountTable(lastSerial: lastSerial) }
        return true
    }

    /// The account of a name that is known, if nobody waits for it and no call has it.
    private func unwanted(_ id: AccountID) -> HashedAccount? {
        guard states[Int(id.place)]?.waiters == nil, states[Int(id.place)]?.ride == nil else { return nil }
        return states[Int(id.place)]?.hashed
    }

    private static let keptCapacity = 1024

    init() {}

    private init(lastSerial: UInt32) { self.lastSerial = lastSerial }

    var isEmpty: Bool { index.count == 0 }

    /// All that are known, in no particular order.
    var all: [(id: AccountID, state: State)] {
        zip(states.indices, states).compactMap { place, state in
            state.map { (AccountID(place: UInt32(place), serial: $0.serial), $0) }
        }
    }
}
