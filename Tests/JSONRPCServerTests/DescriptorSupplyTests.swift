import Testing

@testable import JSONRPCServer

@Suite struct DescriptorSupplyTests {
    @Test func aShortageIsNewOnceHoweverLongItLasts() {
        var supply = DescriptorSupply()
        expect(supply.accepted(), is: .nothing)
        expect(supply.failed(), is: .pause(isNew: true))
        expect(supply.failed(), is: .nothing, "another listening socket")
        expect(supply.mayBeFree(), is: .resume)
        expect(supply.mayBeFree(), is: .nothing)
        expect(supply.failed(), is: .pause(isNew: false))
        expect(supply.mayBeFree(), is: .resume)
        expect(supply.accepted(), is: .recovered)
        expect(supply.accepted(), is: .nothing)
        expect(supply.mayBeFree(), is: .nothing)
        expect(supply.failed(), is: .pause(isNew: true))
    }

    @Test func itIsOverWhenAcceptingHasGoneOnForAWhile() {
        var supply = DescriptorSupply()
        expect(supply.timePassed(), is: .nothing)
        expect(supply.failed(), is: .pause(isNew: true))
        #expect(supply.isShort)
        expect(supply.timePassed(), is: .resume)
        #expect(!supply.isShort)
        expect(supply.failed(), is: .pause(isNew: false))
        expect(supply.timePassed(), is: .resume)
        expect(supply.timePassed(), is: .recovered)
        expect(supply.timePassed(), is: .nothing)
        expect(supply.failed(), is: .pause(isNew: true))
    }
}
