import AttributeValues
import Testing

@testable import CallScheduling

/// Where the entries of names are.
@Suite struct HashIndexTests {
    /// Few hashes are as bad as it gets: nearly all are in each other's way, also across the end of the slots.
    @Test(arguments: [40, 1000, 1 << 32] as [UInt64])
    func itAgreesWithADictionary(hashes: UInt64) {
        var generator = SeededGenerator(seed: hashes)
        let entries = (0..<2000).map { _ in UInt32.max &- UInt32(generator.next() % hashes) }
        var index = HashIndex()
        var model: [Int: Int] = [:]
        for step in 0..<60_000 {
            // It grows for a while, and then shrinks.
            let isGrowing = step / 10_000 % 2 == 0
            let number = Int(generator.unit() * 2000)
            if let place = model[number] {
                if !isGrowing || generator.unit() < 0.2 {
                    index.remove(entries[number], at: place)
                    model[number] = nil
                }
            } else if isGrowing || generator.unit() < 0.2 {
                index.insert(entries[number], at: number)
                model[number] = number
            }
            if step == 25_000 { index.reserveCapacity(5000) }
            let sought = Int(generator.unit() * 2000)
            #expect(index.place(of: entries[sought]) { $0 == sought } == model[sought])
            #expect(index.count == model.count)
        }
        index.removeAll()
        #expect(index.count == 0)
        for (number, hash) in entries.enumerated() { #expect(index.place(of: hash) { $0 == number } == nil) }
    }

    @Test func aPlaceThatIsNotTheEntrysIsLeftAlone() {
        var index = HashIndex()
        index.remove(1, at: 0)
        index.insert(1, at: 7)
        index.remove(1, at: 8)
        #expect(index.count == 1 && index.place(of: 1) { $0 == 7 } == 7)
    }

    @Test func theLeastAndTheGreatestHashArePlacesLikeAllOthers() {
        var index = HashIndex()
        index.insert(0, at: 0)
        index.insert(.max, at: 1)
        #expect(index.place(of: 0) { $0 == 0 } == 0 && index.place(of: .max) { $0 == 1 } == 1)
    }
}
