/// A bounded resource that principals share, and within a principal its holders, such as its connections.
///
/// Above its floor, a principal may hold at most 1/(n + 1) of what the others leave free, where n is the number of
/// principals that hold some, itself included; so one alone gets half, and one that comes later always finds some. Within
/// a principal, its holders share what it may hold by the same rule, if the pot divides it. Up to its floor, a principal is never refused: if that
/// overdraws the pot, ``largest`` says who is to give something back.
///
/// A charge takes constant time without hashing, and a logarithm of the number of large holders for those that hold much.
public struct Pot: Sendable {
    /// The charge of one holder: what is charged to it is counted until it is released, or until the place is given up.
    public struct Place: Hashable, Sendable {
        /// A small number for the principal, the same for all its places in this pot.
        public let principal: Int
        fileprivate let holder: Int
    }

    /// Who holds most.
    public struct Largest: Hashable, Sendable {
        /// The number of the principal that holds most, as in ``Place/principal``.
        public let principal: Int
        /// What the principal holds that holds most.
        public let heldByPrincipal: Int
        /// The name of its largest holder.
        public let holder: UInt64
        /// What that holds.
        public let held: Int
    }

    private struct Member: Sendable {
        var principal: Principal
        /// Its holders, whether they hold something or not.
        var places = 0
        /// Its holders that hold something.
        var holding = 0
        /// Its holders by what they hold.
        var ranking = Ranking()
    }

    /// How much there is. A change takes nothing back from those that hold more than they may then.
    public var capacity: Int
    /// How much a principal may hold in any case.
    public var floor: Int
    /// How much is held by all together: more than ``capacity`` only by floors, and by what was forced.
    public private(set) var held = 0
    /// Whether a floor was given that the pot did not have: ``largest`` should give something back.
    public private(set) var isOverdrawn = false
    /// The principal that was given a floor last that the pot did not have.
    private var overdrawnBy: Int?
    /// Principals that hold something.
    public private(set) var principals = 0

    private let least: Int
    private let dividesAmongHolders: Bool
    private var members: [Member] = []
    private var memberShares: [Share] = []
    private var freeMembers: [Int] = []
    private var memberByPrincipal: [Principal: Int] = [:]
    private var ranking = Ranking()
    private var names: [UInt64] = []
    private var shares: [Share] = []
    private var freeHolders: [Int] = []

    /// An empty pot.
    /// - Parameters:
    ///   - least: What one must hold to be found by ``largest``; 1 or more.
    ///   - dividesAmongHolders: Whether the holders of a principal share what it may hold by the pot's rule; if not, the first
    ///     ones may take all of it.
    public init(capacity: Int, floor: Int, least: Int = 1, dividesAmongHolders: Bool = true) {
        self.capacity = capacity
        self.floor = floor
        self.least = least
        self.dividesAmongHolders = dividesAmongHolders
    }

    // MARK: Places

    /// A place for another holder, which holds nothing yet.
    /// - Parameter name: How ``largest`` names it.
    public mutating func makePlace(for principal: Principal, name: UInt64) -> Place {
        let member = member(for: principal)
        members[member].places += 1
        if let holder = freeHolders.popLast() {
            names[holder] = name
            return Place(principal: member, holder: holder)
        }
        names.append(name)
        shares.append(Share())
        return Place(principal: member, holder: names.count - 1)
    }

    private mutating func member(for principal: Principal) -> Int {
        if let member = memberByPrincipal[principal] { return member }
        let member: Int
        if let free = freeMembers.popLast() {
            member = free
            members[member].principal = principal
        } else {
            member = members.count
            members.append(Member(principal: principal))
            memberShares.append(Share())
        }
        memberByPrincipal[principal] = member
        return member
    }

    /// Gives up a place, and releases what is charged to it. The place must not be used any more.
    public mutating func giveUp(_ place: Place) {
        release(shares[place.holder].held, from: place)
        freeHolders.append(place.holder)
        members[place.principal].places -= 1
        guard members[place.principal].places == 0 else { return }
        memberByPrincipal[members[place.principal].principal] = nil
        members[place.principal].ranking = Ranking()
        freeMembers.append(place.principal)
    }

    // MARK: Charges

    /// What is charged to a place.
    public func held(by place: Place) -> Int { shares[place.holder].held }

    /// What a principal holds in all its places.
    public func held(by principal: Principal) -> Int {
        memberByPrincipal[principal].map { memberShares[$0].held } ?? 0
    }

    /// What is charged to all places of the same principal.
    public func heldByPrincipal(of place: Place) -> Int { memberShares[place.principal].held }

    /// Whether a place may be charged this much more.
    public func mayHold(_ amount: Int, more place: Place) -> Bool {
        let ofPrincipal = memberShares[place.principal].held
        if ofPrincipal + amount <= floor { return true }
        let allowance = allowance(of: place)
        guard dividesAmongHolders else { return ofPrincipal + amount <= allowance }
        let ofHolder = shares[place.holder].held
        let holders = members[place.principal].holding + (ofHolder == 0 ? 1 : 0)
        return ofHolder + amount <= (allowance - ofPrincipal + ofHolder) / (holders + 1)
    }

    /// Whether the principal of a place may be charged this much more, whichever of its places that is.
    public func mayHold(_ amount: Int, morePrincipalOf place: Place) -> Bool {
        memberShares[place.principal].held + amount <= allowance(of: place)
    }

    /// What the principal of a place may hold.
    private func allowance(of place: Place) -> Int {
        let ofPrincipal = memberShares[place.principal].held
        let sharers = principals + (ofPrincipal == 0 ? 1 : 0)
        return max(floor, (capacity - held + ofPrincipal) / (sharers + 1))
    }

    /// Charges a place.
    /// - Returns: Whether it may hold that much; if not, nothing is charged.
    public mutating func charge(_ amount: Int, to place: Place) -> Bool {
        guard mayHold(amount, more: place) else { return false }
        force(amount, on: place)
        if amount > 0, held > capacity {
            isOverdrawn = true
            overdrawnBy = place.principal
        }
        return true
    }

    /// Charges a place if its principal stays within its floor, and all together within the capacity, which is nearly always so.
    /// - Returns: Whether it does; if not, nothing is charged, and the other questions are to be asked.
    public mutating func chargeWithinFloor(_ amount: Int, to place: Place) -> Bool {
        guard held + amount <= capacity, memberShares[place.principal].held + amount <= floor else { return false }
        force(amount, on: place)
        return true
    }

    /// Charges a place whether it may hold that much or not.
    public mutating func force(_ amount: Int, on place: Place) {
        if amount > 0 { change(place, by: amount) }
    }

    /// Takes a charge back, or a part of it.
    public mutating func release(_ amount: Int, from place: Place) {
        precondition(amount <= shares[place.holder].held, "more is released than was charged")
        if amount > 0 { change(place, by: -amount) }
    }

    private mutating func change(_ place: Place, by amount: Int) {
        let (member, holder) = (place.principal, place.holder)
        let (ofPrincipal, ofHolder) = (memberShares[member].held, shares[holder].held)
        held += amount
        if amount < 0, held <= capacity {
            isOverdrawn = false
            overdrawnBy = nil
        }
        memberShares[member].held = ofPrincipal + amount
        shares[holder].held = ofHolder + amount
        if ofPrincipal == 0 { principals += 1 } else if ofPrincipal + amount == 0 { principals -= 1 }
        if ofHolder == 0 {
            members[member].holding += 1
        } else if ofHolder + amount == 0 {
            members[member].holding -= 1
        }
        // Nothing changes for those that hold little before and after.
        if max(ofHolder, ofHolder + amount) >= least {
            members[member].ranking.update(holder, in: &shares, least: least)
        }
        if max(ofPrincipal, ofPrincipal + amount) >= least {
            ranking.update(member, in: &memberShares, least: least)
        }
    }

    /// Principals that have a place, whether they hold something or not.
    public var principalsWithPlaces: Int { memberByPrincipal.count }

    /// The principals that hold something, and how much, in no particular order.
    public var holdings: [(principal: Principal, held: Int)] {
        memberByPrincipal.values.compactMap { member in
            let held = memberShares[member].held
            return held == 0 ? nil : (members[member].principal, held)
        }
    }

    /// The principal that holds most, which is furthest above its part as all parts are equal, and its largest holder; nil if
    /// none holds as much as was said when the pot was made. It is not the one whose floor overdrew the pot last, which would
    /// take back what was given to it.
    public var largest: Largest? {
        guard let member = ranking.first(except: overdrawnBy, in: memberShares),
            let holder = members[member].ranking.first
        else { return nil }
        return Largest(
            principal: member, heldByPrincipal: memberShares[member].held, holder: names[holder],
            held: shares[holder].held)
    }
}
