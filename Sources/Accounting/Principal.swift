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
}
