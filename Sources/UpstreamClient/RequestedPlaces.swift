import AttributeValues
import JSONTokens

/// Finds an account of an answer among those that were asked for. Upstream need not keep to their order, and its own documentation does
/// not; so this is done for nearly every account, and a dictionary, which hashes more carefully than a hundred names need, was 7 % of
/// the work of a full call.
struct RequestedPlaces {
    let requested: [Account]
    private var next = 0
    /// Places + 1 by the hashes of the accounts, open addressing; 0 is vacant. Made when an answer names somebody out of order.
    private var slots: [UInt16] = []

    init(_ requested: [Account]) { self.requested = requested }

    /// Another list begins, in the same order.
    mutating func startAgain() { next = 0 }

    mutating func place(of token: JSONStringToken, _ reader: JSONReader) -> Int? {
        if next < requested.count, reader.matches(token, text: requested[next].text) {
            next += 1
            return next - 1
        }
        if slots.isEmpty { makeSlots() }
        if token.hasEscapes { return reader.decodeBytes(token).flatMap { place(of: $0.span) } }
        return place(of: reader.bytes.span.extracting(token.content))
    }

    private mutating func makeSlots() {
        var size = 4
        while size < 2 * requested.count { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for (place, account) in requested.enumerated() {
            var position = home(account.utf8.span)
            while slots[position] != 0 { position = (position + 1) & (size - 1) }
            slots[position] = UInt16(place + 1)
        }
    }

    private func place(of name: Span<UInt8>) -> Int? {
        var position = home(name)
        while slots[position] != 0 {
            let place = Int(slots[position]) - 1
            if requested[place].hasUTF8(name) { return place }
            position = (position + 1) & (slots.count - 1)
        }
        return nil
    }

    /// FNV-1a, folded. Somebody may foresee it, and choose accounts that are in each other's way: there are a hundred at most.
    private func home(_ name: Span<UInt8>) -> Int {
        var hash: UInt32 = 2_166_136_261
        for index in name.indices { hash = (hash ^ UInt32(name[index])) &* 16_777_619 }
        return Int(hash ^ hash >> 15) & (slots.count - 1)
    }
}
