import JSONRPC
import Testing

@testable import JSONRPCServer

@Suite struct WaitingCallsTests {
    private let one = RequestID(token: Array("1".utf8))
    private let two = RequestID(token: Array("2".utf8))

    @Test func requestsAreFoundByNumberAndByID() {
        var calls = WaitingCalls()
        #expect(calls.isEmpty)
        for (number, id) in [(7, one), (8, two), (9, one)] {
            calls.insert(.init(id: id, place: .line, cancel: {}), as: UInt64(number))
        }
        #expect(calls.numbers == [7, 8, 9])
        #expect(calls.numbers(of: one) == [7, 9])
        expect(calls.remove(7)?.id, is: one)
        expect(calls.remove(7)?.id, is: nil)
        #expect(calls.numbers(of: one) == [9])
        expect(calls.remove(9)?.id, is: one)
        #expect(calls.numbers(of: one) == [])
        expect(calls.remove(8)?.id, is: two)
        #expect(calls.isEmpty)
    }

    /// `String`s would call these ids equal.
    @Test func idsAreTheirBytes() {
        var calls = WaitingCalls()
        let ids = ["\"\u{E9}\"", "\"e\u{301}\""].map { RequestID(token: $0.utf8) }
        for (number, id) in zip(UInt64(1)..., ids) { calls.insert(.init(id: id, place: .line, cancel: {}), as: number) }
        #expect(calls.numbers(of: ids[0]) == [1])
        #expect(calls.numbers(of: ids[1]) == [2])
    }

    @Test func manyRequestsWithOneIDLeaveNothing() {
        var calls = WaitingCalls()
        for number in 0..<10_000 { calls.insert(.init(id: .null, place: .line, cancel: {}), as: UInt64(number)) }
        for number in calls.numbers(of: .null) { expect(calls.remove(number) != nil, is: true) }
        #expect(calls.isEmpty)
        #expect(calls.numbers == [])
    }
}
