/// Who is accounted: those that share a principal share its part of each bound.
///
/// It is opaque: it is made of a rule of the configuration and a user's number, and code that compares or keeps principals need not
/// know that.
public struct Principal: Hashable, Sendable {
    private enum Kind: Hashable {
        case user(RuleIndex, UInt32)
        case administrators
    }

    private let kind: Kind

    /// All connections of a user, as far as a rule applies to them.
    /// - Parameter rule: The rule that applies, as ``RuleShares`` numbers it.
    public init(rule: RuleIndex = .none, uid: UInt32) { kind = .user(rule, uid) }

    /// All connections of administrators: no other can take what is kept for them.
    public static let administrators = Principal(kind: .administrators)

    private init(kind: Kind) { self.kind = kind }

    /// The user whose connections they are; root for administrators.
    public var uid: UInt32 {
        switch kind {
        case .user(_, let uid): uid
        case .administrators: 0
        }
    }

    /// The rule that applies to them; none for administrators.
    public var rule: RuleIndex {
        switch kind {
        case .user(let rule, _): rule
        case .administrators: .none
        }
    }
}

extension Principal: Comparable {
    /// An order that means nothing, but is the same in every run.
    public static func < (left: Principal, right: Principal) -> Bool { left.order < right.order }

    private var order: (RuleIndex, UInt32, Int) { (rule, uid, self == .administrators ? 1 : 0) }
}
