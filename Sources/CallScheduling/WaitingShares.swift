import Accounting

/// How many accounts may wait for each caller: (request, account) pairs, from the request's arrival to its end.
///
/// Principals share what there is, and within a principal its connections do, by the rule of ``Pot``, once a principal holds more than
/// the largest request has. A connection's first request may take all that its principal may hold. A principal's first request is
/// never refused for what others hold: if there is no room for it, the principal with most loses its newest requests.
struct WaitingShares: Sendable {
    /// Only connections and principals that hold as many may have to give way.
    private static let leastDisplaced = 64

    /// Pairs that a principal may hold while there is room: as many as the largest request has, by default.
    private static let floor = 10_000

    private var pot: Pot
    /// Pairs of one principal, at most.
    private var perPrincipal: Int

    init(all: Int, perPrincipal: Int) {
        pot = Pot(capacity: all, floor: Self.floor, least: Self.leastDisplaced)
        self.perPrincipal = perPrincipal
    }

    /// Takes other bounds. What is held beyond them stays.
    mutating func change(all: Int, perPrincipal: Int) {
        pot.capacity = all
        self.perPrincipal = perPrincipal
    }

    /// Pairs that all callers hold together.
    var held: Int { pot.held }

    /// The principals that hold some, and how many, in no particular order.
    var holdings: [(principal: Principal, held: Int)] { pot.holdings }

    /// Principals that ask, or have asked lately.
    var principals: Int { pot.principalsWithPlaces }

    /// What a principal holds.
    func held(by principal: Principal) -> Int { pot.held(by: principal) }

    /// - Parameter name: How ``overdrawing`` names it.
    mutating func makePlace(for principal: Principal, name: UInt64) -> Pot.Place {
        pot.makePlace(for: principal, name: name)
    }

    mutating func giveUp(_ place: Pot.Place) { pot.giveUp(place) }

    /// Charges a request to its connection.
    /// - Returns: The limit that forbids it; nil if it is charged.
    mutating func charge(_ count: Int, to place: Pot.Place) -> QueueLimit? {
        if perPrincipal >= Self.floor, pot.chargeWithinFloor(count, to: place) { return nil }
        let ofPrincipal = pot.heldByPrincipal(of: place)
        if ofPrincipal + count > perPrincipal { return .perPrincipal(perPrincipal) }
        let mayHold: Bool
        if pot.held + count <= pot.capacity {
            let isFirst = pot.held(by: place) == 0 && pot.mayHold(count, morePrincipalOf: place)
            mayHold = ofPrincipal == 0 || isFirst || pot.mayHold(count, more: place)
        } else {
            // The principal with most gives way, if this one would not hold more than it.
            mayHold = ofPrincipal == 0 && pot.largest.map { $0.heldByPrincipal > count } ?? false
        }
        guard mayHold else { return .all(pot.capacity) }
        pot.force(count, on: place)
        return nil
    }

    mutating func release(_ count: Int, from place: Pot.Place) { pot.release(count, from: place) }

    /// Whether a floor was given that there was no room for.
    var isOverdrawn: Bool { pot.held > pot.capacity }

    /// The name of the place that is to lose its newest request, because a floor was given that there was no room for.
    var overdrawing: UInt64? { isOverdrawn ? pot.largest?.holder : nil }
}
