/// Who is accounted: those that share a principal share its part of each bound.
///
/// It is opaque: it is made of a rule of the configuration and, in most cases, a user's number, and code that compares or keeps
/// principals need not know that.
public struct Principal: Hashable, Sendable {
    private enum Kind: Hashable {
        case user(RuleIndex, UInt32)
        case container(RuleIndex)
        case administrators
    }

    private let kind: Kind

    /// All connections of a user, as far as a rule applies to them.
    /// - Parameter rule: The rule that applies, as ``RuleShares`` numbers it.
    public init(rule: RuleIndex = .none, uid: UInt32) { kind = .user(rule, uid) }

    /// All connections that come from a container, as far as a rule applies to them. Its root can take any of the uids that it was
    /// given, so a part for each of them would be as many parts as it likes.
    /// - Parameter rule: The rule that applies; without rules, that of the container's socket.
    public static func container(under rule: RuleIndex) -> Principal { Principal(kind: .container(rule)) }

    /// All connections of administrators: no other can take what is kept for them.
    public static let administrators = Principal(kind: .administrators)

    private init(kind: Kind) { self.kind = kind }

    /// The user whose connections they are; root for administrators, nil for a container.
    public var uid: UInt32? {
        switch kind {
        case .user(_, let uid): uid
        case .container: nil
        case .administrators: 0
        }
    }

    /// The rule that applies to them; none for administrators.
    public var rule: RuleIndex {
        switch kind {
        case .user(let rule, _), .container(let rule): rule
        case .administrators: .none
        }
    }
}

extension Principal: Comparable {
    /// An order that means nothing, but is the same in every run.
    public static func < (left: Principal, right: Principal) -> Bool { left.order < right.order }

    private var order: (RuleIndex, Int, UInt32) {
        switch kind {
        case .user(let rule, let uid): (rule, 0, uid)
        case .container(let rule): (rule, 1, 0)
        case .administrators: (.none, 2, 0)
        }
    }
}
