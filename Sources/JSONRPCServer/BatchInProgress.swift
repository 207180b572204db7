import JSONRPC

/// A batch whose items are taken one after the other, and maybe in several turns of the loop.
struct BatchInProgress {
    private let items: [BatchItem]
    private let answer: BatchAnswer
    private var next = 0
    private var nextAnswer = 0

    /// - Parameter items: At least one.
    init(_ items: [BatchItem]) {
        self.items = items
        answer = BatchAnswer(count: items.count { $0.isAnswered })
    }

    /// Whether all items are taken.
    var isEmpty: Bool { next == items.count }

    /// Takes the next item; not to be called when there is none.
    mutating func takeItem() -> (BatchItem, AnswerPlace) {
        let item = items[next]
        let place = AnswerPlace.batch(answer, index: nextAnswer)
        next += 1
        if item.isAnswered { nextAnswer += 1 }
        return (item, place)
    }
}

extension BatchItem {
    fileprivate var isAnswered: Bool {
        switch self {
        case .invalid: true
        case .request(let request): request.id != nil
        }
    }
}

/// Collects the answers of a batch until it has all of them.
final class BatchAnswer {
    private var answers: [[UInt8]]
    private var missing: Int
    /// Bytes of the answers that have come.
    private(set) var bytes = 0

    init(count: Int) {
        answers = Array(repeating: [], count: count)
        missing = count
    }

    /// Puts an answer in its place; gives the whole array when it was the last one.
    func add(_ json: [UInt8], at index: Int) -> [UInt8]? {
        answers[index] = json
        bytes += json.count
        missing -= 1
        if missing > 0 { return nil }
        var array: [UInt8] = []
        array.reserveCapacity(bytes + answers.count + 1)
        for answer in answers {
            array.append(array.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            array += answer
        }
        array.append(UInt8(ascii: "]"))
        answers = []
        return array
    }
}
