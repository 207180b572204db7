import Testing

@testable import JSONRPCServer

@Suite struct TurnQueueTests {
    @Test func lanesTakeTurnsHoweverLongTheyAre() {
        var queue = TurnQueue<String>()
        for name in ["a1", "a2", "a3", "b1", "c1", "c2"] { queue.append(name, lane: lane(name)) }
        #expect(drained(&queue) == ["a1", "b1", "c1", "a2", "c2", "a3"])
    }

    @Test func whoComesLateWaitsForOneOfEachLane() {
        var queue = TurnQueue<String>()
        for number in 1...1000 { queue.append("a\(number)", lane: 0) }
        queue.append("b", lane: 1)
        expect(queue.next(), is: "a1")
        queue.append("a1", lane: 0)
        expect(queue.next(), is: "b")
        #expect(queue.count == 1000)
    }

    private func lane(_ name: String) -> Int { Int(name.utf8.first ?? 0) - Int(UInt8(ascii: "a")) }

    private func drained(_ queue: inout TurnQueue<String>) -> [String] {
        var names: [String] = []
        while let name = queue.next() { names.append(name) }
        return names
    }
}

@Suite struct FlushQueueTests {
    @Test func aFlushIsScheduledOnce() {
        var queue = FlushQueue<Int>()
        expect(queue.append(1), is: true)
        expect(queue.append(2), is: false)
        expect(queue.takeAll(), is: [1, 2])
        expect(queue.append(3), is: true)
    }

    @Test func nothingIsScheduledWhileAnswersAreCollected() {
        var queue = FlushQueue<Int>()
        queue.collect()
        expect(queue.append(1), is: false)
        expect(queue.takeAll(), is: [1])
        expect(queue.takeAll(), is: [])
        expect(queue.append(2), is: true)
    }

    @Test func aListServesAgain() {
        var queue = FlushQueue<Int>()
        for round in 1...3 {
            _ = queue.append(round)
            let list = queue.takeAll()
            #expect(list == [round])
            queue.giveBack(list)
        }
    }
}
