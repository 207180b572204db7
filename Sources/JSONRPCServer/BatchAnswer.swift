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
