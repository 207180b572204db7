import Glibc
import UserSig

/// What a sandbox plays: which app it serves, which users it knows, how far away it is, and what goes wrong.
///
/// The defaults are a faultless endpoint without delay, for an app, an administrator and a key that exist nowhere else.
public struct SandboxConfiguration: Sendable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port to listen on; 0 takes any free one, see ``SandboxServer/port``.
    public var port = 0

    /// The only app that exists.
    public var sdkAppID: UInt64 = 1_400_000_001
    /// The app's only administrator, compared byte for byte.
    public var administrator = "administrator"
    /// The app's secret key.
    public var secretKey = SecretKey(SandboxConfiguration.madeUpSecretKey)
    /// The text of the default ``secretKey``. It is made up and opens nothing.
    public static let madeUpSecretKey = "made-up-key-for-the-sandbox-only"

    /// How many calls any one second may hold; one more gets 60007. The vendor's documentation of `im_get_attr` says
    /// 100. Every call that arrives is in the count, those that are refused too, so a client cannot hide behind its
    /// own refusals.
    public var rateLimit = 100

    /// The known users.
    public var users = KnownUsers.vendorsExample
    /// What is answered for all other accounts.
    public var unknownAccounts = UnknownAccounts.empty
    /// Whether answers leave out the white space between tokens; else they are pretty-printed like the vendor's sample.
    public var compact = false

    /// The delay of each request before it arrives, that is, before it is counted and looked at.
    public var requestDelay = Delay()
    /// The delay of each answer after it was made.
    public var answerDelay = Delay()
    /// What the sandbox's clock is ahead of the machine's, in seconds; it judges UserSigs and fills the `Date` header.
    public var clockOffsetSeconds = 0

    /// What goes wrong. The first fault of the list that applies to a call happens to it; before it, all those happen
    /// to it that concern entries only (``Fault/Kind/entry(_:)`` and ``Fault/Kind/stranger(_:)``).
    public var faults: [Fault] = []
    /// What happens to every call, instead of the ``faults``; nil ends the outage.
    public var outage: Fault.Kind?
    /// The faults in force.
    var allFaults: [Fault] { outage.map { [Fault($0)] } ?? faults }
    /// Where all random choices start: delays, order of answers, faults by chance.
    public var seed: UInt64 = 1
    /// How many of the last requests are kept for ``SandboxServer/recentRequests()``.
    public var requestsKept = 16

    /// The defaults, for you to change.
    public init() {}

    /// A way's delay: the least, and a random part with an exponential distribution.
    public struct Delay: Sendable, Equatable {
        /// The part that is always there.
        public var least: Duration
        /// The mean of the random part; its deviation is as large.
        public var meanJitter: Duration

        /// A delay of `least` and a random part with the mean `meanJitter`, both not negative.
        public init(least: Duration = .zero, meanJitter: Duration = .zero) {
            self.least = least
            self.meanJitter = meanJitter
        }

        func sample(using random: inout SeededGenerator) -> Duration {
            meanJitter == .zero ? least : least + random.exponential(mean: meanJitter)
        }
    }
}

/// Random numbers that come again with the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// An exponentially distributed duration.
    mutating func exponential(mean: Duration) -> Duration {
        mean * -log(Double.random(in: Double.leastNonzeroMagnitude...1, using: &self))
    }
}
