import AttributeValues
import JSONTokens

/// Finds an account of an answer among those that were asked for. Upstream need not keep to their order, and its own
/// documentation does not, so this is done for nearly every account.
struct RequestedPlaces {
    let requested: [Account]
    private var next = 0
    /// Made when an answer names an account out of order.
    private var index = HashIndex()

    init(_ requested: [Account]) { self.requested = requested }

    /// Another list begins, in the same order.
    mutating func startAgain() { next = 0 }

    mutating func place(of token: JSONStringToken, _ reader: JSONReader) -> Int? {
        if token.hasEscapes { return reader.decodeBytes(token).flatMap { place(of: $0.span) } }
        return place(of: reader.bytes.span.extracting(token.content))
    }

    private mutating func place(of name: Span<UInt8>) -> Int? {
        if index.count == 0 {
            if next < requested.count, requested[next].hasUTF8(name) {
                next += 1
                return next - 1
            }
            makeIndex()
        }
        return index.place(of: Self.hash(name)) { requested[$0].hasUTF8(name) }
    }

    private mutating func makeIndex() {
        index.reserveCapacity(requested.count)
        for place in requested.indices { index.insert(requested[place].withUTF8 { Self.hash($0) }, at: place) }
    }

    /// FNV-1a, folded, which costs less than an account's own hash. A caller may foresee it, and choose accounts that
    /// are in each other's way: there are a hundred at most.
    private static func hash(_ name: borrowing Span<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for index in name.indices { hash = (hash ^ UInt32(name[index])) &* 16_777_619 }
        return hash ^ hash >> 15
    }
}
