import Testing

@testable import JSONRPCServer

@Suite struct IdleOrderTests {
    @Test func theOneThatWasSilentForLongestComesFirst() {
        var order = IdleOrder()
        let places = (1...3).map { order.insert(UInt64($0), list: 5) }
        #expect(order.longestIdle(in: 5) { _ in true } == 1)
        order.touch(places[0])
        #expect(order.longestIdle(in: 5) { _ in true } == 2)
        order.remove(places[1])
        #expect(order.longestIdle(in: 5) { _ in true } == 3)
        order.touch(places[2])
        #expect(order.longestIdle(in: 5) { _ in true } == 1)
    }

    @Test func eachPrincipalHasItsOwnOrder() {
        var order = IdleOrder()
        _ = order.insert(1, list: 0)
        let other = order.insert(2, list: 1)
        order.remove(other)
        #expect(order.longestIdle(in: 1) { _ in true } == nil)
        _ = order.insert(3, list: 1)
        #expect(order.longestIdle(in: 1) { _ in true } == 3)
    }

    @Test func oneThatIsNotIdleIsPassedOver() {
        var order = IdleOrder()
        for number in 1...100 as ClosedRange<UInt64> { _ = order.insert(number, list: 0) }
        #expect(order.longestIdle(in: 0) { $0 > 3 } == 4)
        var looks = 0
        let chosen = order.longestIdle(in: 0) { _ in
            looks += 1
            return false
        }
        #expect(chosen == 1)
        #expect(looks == 16, "not all of them are looked at")
    }
}
