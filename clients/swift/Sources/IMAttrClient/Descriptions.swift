// How values show themselves. The daemon has no such descriptions: what is easily shown is easily logged.

extension Account: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}

extension Attrs: CustomStringConvertible {
    /// The JSON text.
    public var description: String { String(decoding: json, as: UTF8.self) }
}
