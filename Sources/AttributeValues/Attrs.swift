/// The attributes of one user as upstream wrote them: a JSON object whose tokens are untouched.
///
/// Numbers keep their digits, members their order and their duplicates; only the white space between tokens is gone,
/// so that the object fits on a line.
public struct Attrs: Hashable, Sendable {
    /// The object's JSON text on one line.
    public let json: [UInt8]

    /// Wraps the text of a JSON object on one line.
    public init(json: [UInt8]) { self.json = json }
}
