import JSONRPC

/// The requests of a connection whose answers have not come yet, found by their number or by their id.
struct WaitingCalls {
    /// A request, and how to withdraw it.
    struct Call {
        let id: RequestID
        let place: AnswerPlace
        let cancel: () -> Void
    }

    /// Most connections wait for one answer at a time, which takes no search and no memory of its own.
    private var only: (number: UInt64, call: Call)?
    private var others: [UInt64: Call] = [:]
    /// A client may give many requests the same id, and may cancel as fast as it can write: neither is to cost a search. Most never
    /// cancel, so it is made when something is looked for by its id.
    private var numbersByID: [RequestID: Set<UInt64>]?

    /// How many there are.
    var count: Int { (only == nil ? 0 : 1) + others.count }
    var isEmpty: Bool { only == nil && others.isEmpty }

    /// All numbers, in the order of the requests, unless there are very many.
    var numbers: [UInt64] { Self.inOrder(others.keys + [only?.number].compactMap(\.self)) }

    /// The numbers of the requests with this id, in their order, unless there are very many.
    mutating func numbers(of id: RequestID) -> [UInt64] {
        if numbersByID == nil { numbersByID = madeNumbersByID }
        return Self.inOrder(Array(numbersByID?[id] ?? []))
    }

    /// To sort 100,000 numbers would take long for one turn of the loop.
    private static func inOrder(_ numbers: [UInt64]) -> [UInt64] {
        numbers.count <= largestSorted ? numbers.sorted() : numbers
    }

    private static let largestSorted = 1024

    private var madeNumbersByID: [RequestID: Set<UInt64>] {
        var numbers: [RequestID: Set<UInt64>] = only.map { [$0.call.id: [$0.number]] } ?? [:]
        for (number, call) in others { numbers[call.id, default: []].insert(number) }
        return numbers
    }

    mutating func insert(_ call: Call, as number: UInt64) {
        if only == nil { only = (number, call) } else { others[number] = call }
        // Made before it would take long.
        if numbersByID == nil, others.count >= Self.countWithoutIDs { numbersByID = madeNumbersByID }
        numbersByID?[call.id, default: []].insert(number)
    }

    mutating func remove(_ number: UInt64) -> Call? {
        guard let call = take(number) else { return nil }
        numbersByID?[call.id]?.remove(number)
        if numbersByID?[call.id]?.isEmpty == true { numbersByID?[call.id] = nil }
        // An idle connection holds no memory for the many requests it has had.
        if isEmpty, others.capacity > Self.keptCapacity { self = WaitingCalls() }
        return call
    }

    private mutating func take(_ number: UInt64) -> Call? {
        if only?.number == number { return only.take()?.call }
        return others.removeValue(forKey: number)
    }

    private static let keptCapacity = 64
    /// Requests that may wait without a table of their ids.
    private static let countWithoutIDs = 4096
}

/// Where an answer goes: on a line of its own, or into its batch.
enum AnswerPlace {
    case line
    case batch(BatchAnswer, index: Int)
}
