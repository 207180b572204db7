/// Where in a list the entries of names are, by the names' hashes.
///
/// A dictionary would hash a name anew at each step, and look at three places for it. Here one word has the hash and the place, so that
/// little else is looked at: with a million names, none of it is in the processor's cache.
public struct HashIndex: Sendable {
    /// Open addressing, linear probing. The high half of a slot is the hash, the low half the place + 1; 0 is vacant.
    @usableFromInline package private(set) var slots: [UInt64] = []
    /// Entries in the index.
    public private(set) var count = 0

    private static let smallest = 16
    /// What many once needed is given back; a call's worth is not.
    private static let kept = 1024

    @inlinable var mask: Int { slots.count - 1 }

    /// No entries.
    public init() {}

    /// Makes room for so many entries.
    public mutating func reserveCapacity(_ entries: Int) {
        var size = max(Self.smallest, slots.count)
        while 3 * size < 4 * entries { size *= 2 }
        if size > slots.count { resize(to: size) }
    }

    /// The place of a name's entry.
    /// - Parameters:
    ///   - hash: The name's.
    ///   - isEntry: Whether the entry at a place is the name's, which others of the same hash are not.
    @inlinable public func place(of hash: UInt32, where isEntry: (Int) -> Bool) -> Int? {
        if slots.isEmpty { return nil }
        var position = Int(hash) & mask
        while slots[position] != 0 {
            if slots[position] >> 32 == hash {
                let place = Self.place(slots[position])
                if isEntry(place) { return place }
            }
            position = (position + 1) & mask
        }
        return nil
    }

    /// Adds an entry that is not in the index yet, at a place below 2^32 - 1.
    public mutating func insert(_ hash: UInt32, at place: Int) {
        // At least a quarter is vacant.
        if 4 * (count + 1) > 3 * slots.count { resize(to: max(Self.smallest, 2 * slots.count)) }
        count += 1
        put(Self.slot(hash, place))
    }

    /// Takes out an entry, if it is in the index with that place.
    public mutating func remove(_ hash: UInt32, at place: Int) {
        guard count > 0 else { return }
        var hole = Int(hash) & mask
        let slot = Self.slot(hash, place)
        while slots[hole] != slot {
            if slots[hole] == 0 { return }
            hole = (hole + 1) & mask
        }
        count -= 1
        closeGap(at: hole)
        if slots.count > Self.kept, 8 * count < slots.count { resize(to: slots.count / 2) }
    }

    /// Takes all out, and keeps the memory for as many.
    public mutating func removeAll() {
        for position in slots.indices { slots[position] = 0 }
        count = 0
    }

    private static func slot(_ hash: UInt32, _ place: Int) -> UInt64 { UInt64(hash) << 32 | UInt64(place + 1) }

    @inlinable static func place(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }

    private func home(_ slot: UInt64) -> Int { Int(slot >> 32) & mask }

    private mutating func put(_ slot: UInt64) {
        var position = home(slot)
        while slots[position] != 0 { position = (position + 1) & mask }
        slots[position] = slot
    }

    /// Moves up whatever would not be found any more behind a gap.
    private mutating func closeGap(at first: Int) {
        var (gap, position) = (first, first)
        slots[gap] = 0
        while true {
            position = (position + 1) & mask
            let slot = slots[position]
            if slot == 0 { return }
            let stays = (position - home(slot)) & mask < (position - gap) & mask
            if stays { continue }
            slots[gap] = slot
            slots[position] = 0
            gap = position
        }
    }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = Array(repeating: 0, count: size)
        for slot in old where slot != 0 { put(slot) }
    }
}
