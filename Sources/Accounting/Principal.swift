/// Who is accounted: those that share a principal share its part of each bound.
///
/// It is opaque: today it is made of a user's number, and code that compares or keeps principals need not know that.
public struct Principal: Hashable, Sendable {
    private enum Kind: Hashable {
        case user(UInt32)
        case administrators
    }

    private let kind: Kind

    /// All connections of a user.
    public init(uid: UInt32) { kind = .user(uid) }

    /// All connections of administrators: no other can take what is kept for them.
    public static let administrators = Principal(kind: .administrators)

    private init(kind: Kind) { self.kind = kind }

    /// The user whose connections they are; root for administrators.
    public var uid: UInt32 {
        switch kind {
        case .user(let uid): uid
        case .administrators: 0
        }
    }
}

extension Principal: Comparable {
    /// An order that means nothing, but is the same in every run.
    public static func < (left: Principal, right: Principal) -> Bool {
        (left.uid, left == .administrators ? 1 : 0) < (right.uid, right == .administrators ? 1 : 0)
    }
}
