import Accounting

/// How many accounts may wait for each caller: (request, account) pairs, from the request's arrival to its end.
///
/// Principals share what there is, and within a principal its connections do, by the rule of ``Pot``. A connection's first request may
/// take all that its principal may hold. A principal's first request is never refused for what others hold: if there is no room for it,
/// the principal with most loses its newest requests.
struct WaitingShares: Sendable {
    /// Only connections and principals that hold as many may have to give way.
    private static let leastDisplaced = 64

    private var pot: Pot
    /// Pairs of one principal, at most.
    private var perPrincipal: Int

    init(all: Int, perPrincipal: Int) {
        pot = Pot(capacity: all, floor: 0, least: Self.leastDisplaced)
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

    mutating func makePlace(for caller: CallerKey) -> Pot.Place {
        pot.makePlace(for: caller.principal, name: caller.connection)
    }

    mutating func giveUp(_ place: Pot.Place) { pot.giveUp(place) }

    /// Charges a request to its connection.
    /// - Returns: The limit that forbids it; nil if it is charged.
    mutating func charge(_ count: Int, to place: Pot.Place) -> QueueLimit? {
        let ofPrincipal = pot.heldByPrincipal(of: place)
        if ofPrincipal + count > perPrincipal { return .perPrincipal(perPrincipal) }
        let mayHold =
            pot.mayHold(count, more: place)
            || pot.held(by: place) == 0 && pot.mayHold(count, morePrincipalOf: place)
            || ofPrincipal == 0 && isFloor(count)
        guard mayHold else { return .all(pot.capacity) }
        pot.force(count, on: place)
        return nil
    }

    /// Whether a principal's first request finds room, or another principal holds more than it would.
    private func isFloor(_ count: Int) -> Bool {
        if pot.held + count <= pot.capacity { return true }
        return pot.largest.map { $0.heldByPrincipal > count } ?? false
    }

    mutating func release(_ count: Int, from place: Pot.Place) { pot.release(count, from: place) }

    /// The connection that is to lose its newest request, because a floor was given that there was no room for.
    var overdrawing: UInt64? { pot.held > pot.capacity ? pot.largest?.holder : nil }
}
