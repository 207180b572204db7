import Testing

@testable import JSONRPCServer

@Suite struct BatchAnswerTests {
    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) func answersStandInTheirPlaces(_ order: [Int]) {
        let batch = BatchAnswer(count: 3)
        let answers = ["10", "200", "3"].map { Array($0.utf8) }
        #expect(batch.add(answers[order[0]], at: order[0]) == nil)
        #expect(batch.add(answers[order[1]], at: order[1]) == nil)
        #expect(batch.add(answers[order[2]], at: order[2]) == Array("[10,200,3]".utf8))
        #expect(batch.bytes == 6)
    }

    @Test func oneAnswerIsAnArrayToo() {
        #expect(BatchAnswer(count: 1).add(Array("1".utf8), at: 0) == Array("[1]".utf8))
    }
}
