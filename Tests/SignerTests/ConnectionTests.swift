import Testing

@testable import Signer

@Suite("The signer's connections") struct SignerConnectionTests {
    @Test func theOldestMakesRoomForAFifth() {
        var table = ConnectionTable<Int>()
        for number in 1...4 { #expect(table.admit(number) == nil) }
        #expect(table.admit(5) == 1)
        #expect(table.connections == [2, 3, 4, 5])
        table.remove { $0 == 3 }
        #expect(table.admit(6) == nil)
        #expect(table.admit(7) == 2)
    }

    private var exchange = Exchange()

    private mutating func answerNext(_ answer: String) -> Bool { exchange.answerNext { _ in Array(answer.utf8) } }

    @Test mutating func linesAreAnsweredOneAfterTheOther() {
        exchange.received(Array("1\n2\n".utf8))
        #expect(answerNext("one"))
        // Until it is written, neither more is read nor the next one answered.
        #expect(exchange.room == 0)
        #expect(!answerNext("two"))
        exchange.wrote(2)
        #expect(exchange.output.elementsEqual("e".utf8))
        #expect(!answerNext("two"))
        exchange.wrote(1)
        #expect(exchange.output.isEmpty)
        #expect(answerNext("two"))
        exchange.wrote(3)
        #expect(!answerNext("three"))
        #expect(exchange.room == 1025)
        #expect(!exchange.isClosed)
    }

    @Test mutating func tooLongALineIsTheLast() {
        exchange.received([UInt8](repeating: 0x20, count: 1025))
        #expect(answerNext("too long"))
        #expect(!exchange.isClosed)
        exchange.wrote(8)
        #expect(exchange.isClosed)
        #expect(exchange.room == 0)
    }

    @Test mutating func whatIsNoWholeLineIsNoRequest() {
        exchange.received(Array("1".utf8))
        exchange.ended()
        #expect(exchange.isClosed)
        #expect(!answerNext("one"))
    }
}
