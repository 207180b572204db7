import AttributeValues
import Glibc
import NIOCore

extension Moment {
    /// CLOCK_BOOTTIME: while the machine sleeps, held answers grow old and UserSigs expire.
    public static func now() -> Moment { read(CLOCK_BOOTTIME) }

    /// CLOCK_MONOTONIC, which stops while the machine sleeps; only to be compared with others of that clock.
    public static func nowAwake() -> Moment { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Moment {
        var now = timespec()
        unsafe clock_gettime(clock, &now)
        return Moment(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }
}

extension NIODeadline {
    /// As far from now as the moment is. The event loop's clock stops while the machine sleeps: what is due then is done as
    /// much later. At most a day ahead.
    public init(_ moment: Moment, now: Moment = .now()) {
        let distance = min(max((moment - now).nanoseconds, -Self.day), Self.day)
        self = .now() + .nanoseconds(distance)
    }

    private static var day: Int64 { 86400 * 1_000_000_000 }
}
