import Accounting
import Testing

/// Many principals that do anything, against a model that keeps a plain list and searches all of it.
@Suite struct PotModelTests {
    private struct Model {
        struct Holder {
            let uid: UInt32
            let name: UInt64
            var held = 0
        }

        let capacity: Int
        let floor: Int
        let least: Int
        var holders: [Holder] = []
        /// The user whose floor overdrew the pot last.
        var overdrawnBy: UInt32?

        func held(by uid: UInt32) -> Int { holders.filter { $0.uid == uid }.reduce(0) { $0 + $1.held } }
        var held: Int { holders.reduce(0) { $0 + $1.held } }
        var uids: Set<UInt32> { Set(holders.filter { $0.held > 0 }.map(\.uid)) }

        func mayHold(_ amount: Int, more index: Int) -> Bool {
            let holder = holders[index]
            let own = held(by: holder.uid)
            if own + amount <= floor { return true }
            let n = uids.union([holder.uid]).count
            let allowance = max(floor, (capacity - (held - own)) / (n + 1))
            let mates = holders.indices.filter {
                holders[$0].uid == holder.uid && (holders[$0].held > 0 || $0 == index)
            }
            return holder.held + amount <= (allowance - (own - holder.held)) / (mates.count + 1)
        }

        /// What the largest principal holds, and what its largest holders hold, whichever these are.
        var largest: (ofPrincipal: Int, ofHolder: [UInt32: Int])? {
            let uids = Set(holders.map(\.uid)).subtracting([overdrawnBy].compactMap(\.self))
            let most = uids.map { held(by: $0) }.max() ?? 0
            guard most >= least else { return nil }
            var ofHolder: [UInt32: Int] = [:]
            for holder in holders where held(by: holder.uid) == most && holder.uid != overdrawnBy {
                ofHolder[holder.uid] = max(ofHolder[holder.uid, default: 0], holder.held)
            }
            return (most, ofHolder)
        }
    }

    @Test(arguments: 1...8) func thePotDoesWhatTheModelSays(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        var model = Model(capacity: 10_000, floor: Int.random(in: 0...800, using: &random), least: 1)
        var pot = Pot(capacity: model.capacity, floor: model.floor)
        var places: [Pot.Place] = []
        var lastName: UInt64 = 0
        for _ in 0..<500 {
            let choice = Int.random(in: 0..<100, using: &random)
            if places.isEmpty || choice < 15 {
                let uid = UInt32.random(in: 0..<12, using: &random)
                lastName += 1
                places.append(pot.makePlace(for: Principal(uid: uid), name: lastName))
                model.holders.append(.init(uid: uid, name: lastName))
                continue
            }
            let index = Int.random(in: places.indices, using: &random)
            let amount = Int.random(in: 0..<1500, using: &random)
            switch choice {
            case ..<65:
                let may = model.mayHold(amount, more: index)
                expect(pot.charge(amount, to: places[index]), is: may)
                if may { model.holders[index].held += amount }
                if may, amount > 0, model.held > model.capacity { model.overdrawnBy = model.holders[index].uid }
            case ..<70:
                pot.force(amount, on: places[index])
                model.holders[index].held += amount
            case ..<88:
                let part = min(amount, model.holders[index].held)
                pot.release(part, from: places[index])
                model.holders[index].held -= part
            default:
                pot.giveUp(places.remove(at: index))
                model.holders.remove(at: index)
            }
            if model.held <= model.capacity { model.overdrawnBy = nil }
            compare(pot, places, model)
        }
    }

    private func compare(_ pot: Pot, _ places: [Pot.Place], _ model: Model) {
        #expect(pot.held == model.held)
        #expect(pot.principals == model.uids.count)
        #expect(pot.isOverdrawn == (model.overdrawnBy != nil))
        #expect(zip(places, model.holders).allSatisfy { pot.held(by: $0) == $1.held })
        guard let largest = pot.largest else {
            #expect(model.largest == nil)
            return
        }
        #expect(largest.heldByPrincipal == model.largest?.ofPrincipal)
        let holder = model.holders.first { $0.name == largest.holder }
        #expect(holder?.held == largest.held)
        #expect(holder.map { model.largest?.ofHolder[$0.uid] } == largest.held)
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
