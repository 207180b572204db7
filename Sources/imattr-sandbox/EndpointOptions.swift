import ArgumentParser
import UpstreamSandbox

/// What the endpoint plays: the options that all commands have.
struct EndpointOptions: ParsableArguments {
    @Option(name: .customLong("sdk-app-id"), help: "The only app that exists.")
    var sdkAppID: UInt64 = SandboxConfiguration().sdkAppID

    @Option(help: "The app's only administrator account.")
    var admin: String = SandboxConfiguration().administrator

    @Option(help: "Calls that any one second may hold; one more gets 60007. Refused calls count too.")
    var rateLimit: Int = 100

    @Option(help: "JSON file of the known users: {\"account\": {\"attribute\": value}}. Default: the vendor's example.")
    var users: String?

    @Option(help: "What other accounts get: \(UnknownAccounts.allCases.map(\.rawValue).joined(separator: ", ")).")
    var unknown: UnknownAccounts = .empty

    @Flag(help: "Answer on one line instead of pretty-printed like the vendor's sample.")
    var compact = false

    @Option(help: "Delay of each request and of each answer, in milliseconds.")
    var delayMs: Double = 0

    @Option(help: "Mean of a random part (exponential) added to the delay each way, in milliseconds.")
    var jitterMs: Double = 0

    @Option(help: "Delay of each answer, if it is another than that of each request, in milliseconds.")
    var answerDelayMs: Double?

    @Option(help: "What the sandbox's clock is ahead of this machine's, in seconds.")
    var clockOffsetSeconds: Int = 0

    @Option(help: "Where random choices start: the same seed makes the same ones.")
    var seed: UInt64 = 1

    @Option(
        name: .customLong("fault"),
        help: ArgumentHelp("What goes wrong, and when; may be repeated: \(Fault.textFormat).", valueName: "fault"),
        transform: { try Fault(text: $0) })
    var faults: [Fault] = []

    func validate() throws {
        guard rateLimit >= 1 else { throw ValidationError("--rate-limit must be at least 1.") }
        guard [delayMs, jitterMs, answerDelayMs ?? 0].allSatisfy({ (0...3_600_000).contains($0) }) else {
            throw ValidationError("Delays are from 0 to 3600000 milliseconds.")
        }
        guard abs(clockOffsetSeconds) < 1 << 32 else { throw ValidationError("--clock-offset-seconds is too large.") }
    }

    /// The sandbox's configuration; reads the file of users.
    func configuration() throws -> SandboxConfiguration {
        var configuration = SandboxConfiguration()
        configuration.sdkAppID = sdkAppID
        configuration.administrator = admin
        configuration.rateLimit = rateLimit
        if let users { configuration.users = try KnownUsers(json: File.text(users)) }
        configuration.unknownAccounts = unknown
        configuration.compact = compact
        configuration.requestDelay = Self.delay(delayMs, jitter: jitterMs)
        configuration.answerDelay = Self.delay(answerDelayMs ?? delayMs, jitter: jitterMs)
        configuration.clockOffsetSeconds = clockOffsetSeconds
        configuration.seed = seed
        configuration.faults = faults
        return configuration
    }

    private static func delay(_ milliseconds: Double, jitter: Double) -> SandboxConfiguration.Delay {
        SandboxConfiguration.Delay(
            least: .microseconds(Int64(milliseconds * 1000)), meanJitter: .microseconds(Int64(jitter * 1000)))
    }
}

extension UnknownAccounts: ExpressibleByArgument {}
