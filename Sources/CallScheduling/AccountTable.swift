import AttributeValues

/// Names an account for as long as the scheduler has to do with it, so that its name is looked up once for a request and not at
/// each of the many steps of a call.
struct AccountID: Hashable, Sendable {
    fileprivate let place: UInt32
    /// Distinguishes accounts that have had the same place one after the other; counts from 1.
    fileprivate let serial: UInt32

    /// No account's, where an optional would take more room.
    static var none: AccountID { AccountID(place: 0, serial: 0) }
}

/// The accounts that requests wait for or that are in a call under way.
struct AccountTable: Sendable {
    /// What is known of one.
    struct State: Sendable {
        let account: Account
        /// 0 if the place is vacant.
        fileprivate var serial: UInt32
        /// The requests that wait for a call for it, not for the answer of one under way.
        var waiters: Waiters?
        /// The call that it is under way in, and its place there.
        var ride: (call: CallKey, place: Int32)?
        /// Whether a lane or a retry brings it back, so that no request's turn takes it.
        var isReserved = false
        /// The best lane of those who wait for it.
        var lane = Lane.suspect

        /// One more request waits.
        /// - Returns: Whether it is the first.
        fileprivate mutating func wait(_ key: RequestKey, at index: Int, lane: Lane) -> Bool {
            if lane < self.lane { self.lane = lane }
            if waiters != nil {
                waiters?.add(key, index: index)
                return false
            }
            waiters = Waiters(key, index: index)
            return true
        }

        /// Adds several who wait, none of whom waits already.
        /// - Returns: Whether they are the first.
        fileprivate mutating func wait(_ others: Waiters, lane: Lane) -> Bool {
            if lane < self.lane { self.lane = lane }
            guard var all = waiters.take() else {
                waiters = others
                return true
            }
            // The fewer are added to the more.
            if all.count < others.count {
                let few = all
                all = others
                all.add(few)
            } else {
                all.add(others)
            }
            waiters = all
            return false
        }

        fileprivate mutating func takeWaiters() -> Waiters? {
            guard let waiters = waiters.take() else { return nil }
            isReserved = false
            lane = .suspect
            return waiters
        }
    }

    private var index = HashIndex()
    private var states: [State] = []
    private var vacant: [UInt32] = []
    private var lastSerial: UInt32 = 0

    /// How many are waited for, each once however many wait for it.
    private(set) var waitedFor = 0

    /// The account's name here, which it gets if it has none.
    mutating func id(of account: Account) -> AccountID { known(account) ?? add(account) }

    /// The account's name here, if it has one.
    func known(_ account: Account) -> AccountID? {
        index.place(of: account.bytesHash) { states[$0].account == account }.map {
            AccountID(place: UInt32($0), serial: states[$0].serial)
        }
    }

    private mutating func add(_ account: Account) -> AccountID {
        lastSerial = max(1, lastSerial &+ 1)
        let state = State(account: account, serial: lastSerial)
        let place = vacant.popLast() ?? UInt32(states.count)
        if Int(place) == states.count { states.append(state) } else { states[Int(place)] = state }
        index.insert(account.bytesHash, at: Int(place))
        return AccountID(place: place, serial: lastSerial)
    }

    /// Begins to fetch what ``id(of:)`` will look at for an account of this hash.
    func prefetch(_ hash: UInt32) { index.prefetch(hash) }

    /// Begins to fetch what is known of an account.
    func prefetch(_ id: AccountID) { states.prefetch(Int(id.place)) }

    private func holds(_ id: AccountID) -> Bool {
        id.place < states.count && states[Int(id.place)].serial == id.serial
    }

    /// What is known of an account; nil once it is forgotten.
    @inline(__always)
    private func state<Value>(_ id: AccountID, _ value: (borrowing State) -> Value) -> Value? {
        holds(id) ? value(states[Int(id.place)]) : nil
    }

    @inline(__always)
    @discardableResult
    private mutating func change<Value>(_ id: AccountID, _ change: (inout State) -> Value) -> Value? {
        holds(id) ? change(&states[Int(id.place)]) : nil
    }

    /// The account of this name; nil once it is forgotten.
    func account(_ id: AccountID) -> Account? { state(id) { $0.account } }

    /// Takes those who wait for an account, whom nothing else has to bring into a call any more.
    mutating func takeWaiters(_ id: AccountID) -> Waiters? {
        guard let waiters = change(id, { $0.takeWaiters() }) ?? nil else { return nil }
        waitedFor -= 1
        return waiters
    }

    /// Whether a request waits for an account that nothing but the request's turn brings into a call.
    func waitsForTurn(_ key: RequestKey, for id: AccountID) -> Bool {
        state(id) { !$0.isReserved && $0.waiters?.contains(key) == true } == true
    }

    /// Whether a request waits for an account.
    func waits(_ key: RequestKey, for id: AccountID) -> Bool { state(id) { $0.waiters?.contains(key) == true } == true }

    /// One more request waits for an account, which is known.
    /// - Parameter lane: The lane of its caller.
    mutating func wait(_ key: RequestKey, for id: AccountID, at index: Int, lane: Lane) {
        if change(id, { $0.wait(key, at: index, lane: lane) }) == true { waitedFor += 1 }
    }

    /// Adds several who wait for an account, which is known. None of them waits for it already.
    /// - Parameter lane: The best of their lanes.
    mutating func wait(_ waiters: Waiters, for id: AccountID, lane: Lane) {
        if change(id, { $0.wait(waiters, lane: lane) }) == true { waitedFor += 1 }
    }

    /// The best lane of those who wait for an account.
    func lane(of id: AccountID) -> Lane { state(id) { $0.lane } ?? .clean }

    /// A request does not wait any more.
    /// - Returns: Whether it was the last one.
    mutating func stopWaiting(_ key: RequestKey, for id: AccountID) -> Bool {
        guard change(id, { $0.waiters?.remove(key) == true }) == true else { return false }
        return takeWaiters(id) != nil
    }

    /// Those who wait for an account and not for a call.
    func waiters(for id: AccountID) -> Waiters? { state(id) { $0.waiters } ?? nil }

    /// The first of those who wait for an account.
    func firstWaiter(for id: AccountID) -> RequestKey? { state(id) { $0.waiters?.first { _ in true } } ?? nil }

    /// Whether a lane or a retry brings an account back.
    func isReserved(_ id: AccountID) -> Bool { state(id) { $0.isReserved } ?? false }

    /// A lane or a retry brings an account back.
    mutating func reserve(_ id: AccountID) { change(id) { $0.isReserved = true } }

    /// The turn of a request brings an account into a call again.
    mutating func stopReserving(_ id: AccountID) { change(id) { $0.isReserved = false } }

    /// The call that an account is under way in, and its place there.
    subscript(rideOf id: AccountID) -> (call: CallKey, place: Int32)? {
        get { state(id) { $0.ride } ?? nil }
        set { change(id) { $0.ride = newValue } }
    }

    /// A call that an account may be under way in has ended.
    mutating func endRide(of id: AccountID, in call: CallKey) {
        change(id) { if $0.ride?.call == call { $0.ride = nil } }
    }

    /// Forgets an account that no request waits for and no call has.
    /// - Returns: Whether it is forgotten.
    @discardableResult
    mutating func forgetUnlessWanted(_ id: AccountID) -> Bool {
        guard holds(id) else { return true }
        if states[Int(id.place)].waiters != nil || states[Int(id.place)].ride != nil { return false }
        index.remove(states[Int(id.place)].account.bytesHash, at: Int(id.place))
        // The account itself stays until the place is taken again: to put another in its place costs as much as all else here.
        states[Int(id.place)].serial = 0
        vacant.append(id.place)
        // What many once needed is given back.
        if index.count == 0, states.count > Self.keptCapacity { self = AccountTable(lastSerial: lastSerial) }
        return true
    }

    private static let keptCapacity = 1024

    init() {}

    private init(lastSerial: UInt32) { self.lastSerial = lastSerial }

    var isEmpty: Bool { index.count == 0 }

    /// All that are known, in no particular order.
    var all: [(id: AccountID, state: State)] {
        zip(states.indices, states).lazy.filter { $1.serial != 0 }.map { place, state in
            (AccountID(place: UInt32(place), serial: state.serial), state)
        }
    }
}
