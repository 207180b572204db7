/// Who is accounted: those that share a principal share its part of each bound.
///
/// It is opaque: today it is made of a user's number, and whoever compares or keeps principals need not know that.
public struct Principal: Hashable, Sendable {
    private enum Kind: Hashable {
        case user(UInt32)
    }

    private let kind: Kind

    /// All connections of a user.
    public init(uid: UInt32) { kind = .user(uid) }

    /// The user whose connections they are.
    public var uid: UInt32 {
        switch kind {
        case .user(let uid): uid
        }
    }
}

extension Principal: Comparable {
    /// An order that means nothing, but is the same in every run.
    public static func < (left: Principal, right: Principal) -> Bool { left.uid < right.uid }
}
