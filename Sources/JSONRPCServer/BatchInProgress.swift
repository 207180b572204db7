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
