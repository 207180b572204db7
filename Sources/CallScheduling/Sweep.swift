/// Ends the requests that wait, in pieces, in the order of their places: all that were open when it began.
struct Sweep: Sendable {
    /// Which requests end, and how.
    enum Reason {
        /// The gate is closed: what waits fails.
        case closed
        /// The daemon stops: requests that wait end.
        case stopping
        /// The time for stopping is over: all requests end.
        case stopped
    }

    let reason: Reason
    /// The request that came last before it.
    let last: UInt64
    /// The place where it goes on.
    var place = 0
}
