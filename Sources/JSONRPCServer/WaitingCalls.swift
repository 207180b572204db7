import JSONRPC

/// The requests of a connection whose answers have not come yet, found by their number or by their id.
struct WaitingCalls {
    /// A request, and how to say that nobody wants its answer any more.
    struct Call {
        let id: RequestID
        let place: AnswerPlace
        let cancel: () -> Void
    }

    private var calls: [UInt64: Call] = [:]
    /// A client may give many requests the same id, and may cancel as fast as it can write: neither is to cost a search. Most never
    /// cancel, so it is made when something is looked for by its id.
    private var numbersByID: [RequestID: Set<UInt64>]?

    var isEmpty: Bool { calls.isEmpty }

    /// All numbers, in the order of the requests.
    var numbers: [UInt64] { calls.keys.sorted() }

    /// The numbers of the requests with this id, in their order.
    mutating func numbers(of id: RequestID) -> [UInt64] {
        let numbersByID = self.numbersByID ?? calls.reduce(into: [:]) { $0[$1.value.id, default: []].insert($1.key) }
        self.numbersByID = numbersByID
        return numbersByID[id]?.sorted() ?? []
    }

    mutating func insert(_ call: Call, as number: UInt64) {
        calls[number] = call
        numbersByID?[call.id, default: []].insert(number)
    }

    mutating func remove(_ number: UInt64) -> Call? {
        guard let call = calls.removeValue(forKey: number) else { return nil }
        numbersByID?[call.id]?.remove(number)
        if numbersByID?[call.id]?.isEmpty == true { numbersByID?[call.id] = nil }
        // An idle connection holds no memory for the many requests it has had.
        if calls.isEmpty, calls.capacity > Self.keptCapacity { self = WaitingCalls() }
        return call
    }

    private static let keptCapacity = 64
}

/// Where an answer goes: on a line of its own, or into its batch.
enum AnswerPlace {
    case line
    case batch(BatchAnswer, index: Int)
}
