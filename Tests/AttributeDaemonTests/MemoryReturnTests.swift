import Testing

@testable import AttributeDaemon

/// When free memory is returned to the system.
struct MemoryReturnTests {
    /// What follows from looks that find so many MiB present.
    private func looks(_ mebibytes: Int...) -> [MemoryReturn.Review.Next] {
        var review = MemoryReturn.Review()
        return mebibytes.map { review.looked(resident: $0 << 20) }
    }

    @Test func pagesAreReturnedWhenABurstIsOver() {
        #expect(looks(300, 400, 400) == [.wait, .wait, .rest(returnsPages: true)])
    }

    /// Memory that is in use can become free later without any change that is seen from outside.
    @Test func whatCouldNotBeReturnedIsTriedAgainAfterTheNextWork() {
        #expect(looks(400, 400, 400).dropFirst() == [.rest(returnsPages: true), .rest(returnsPages: true)])
    }

    @Test func aSmallProcessIsLeftAlone() {
        #expect(Set(looks(14, 14, 20, 32)) == [.rest(returnsPages: false)])
    }
}
