import ArgumentParser
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix

/// `imattr-bench attack`: the attacker's process. `siege` starts it.
struct Attack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays a trick on a daemon; siege does this.", shouldDisplay: false)

    @Option var trick: String
    @Option(help: "The daemon's socket.")
    var socket: String
    @Option(help: "The attacker's user, and the first of many.")
    var uid: UInt32
    @Option(help: "After so many seconds it ends by itself.")
    var seconds: Int
    @Option(help: "Where to write what it has done, twice a second.")
    var report: String

    func validate() throws {
        guard Trick.named(trick) != nil else { throw ValidationError("There is no trick \(trick).") }
        guard (1...86_400).contains(seconds) else { throw ValidationError("--seconds is from 1 to 86400.") }
    }

    func run() async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        // Opened before we are somebody else.
        let file = open(report, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw File.Failure(path: report, code: errno) }
        defer { close(file) }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let moves = Trick.named(trick)?.moves ?? []
        // To be another user for each connection takes long, since it concerns all threads; so not where one will do.
        OtherUsers.allow()
        let isOneUser = moves.allSatisfy { $0.users == 1 }
        if isOneUser { guard seteuid(uid) == 0 else { throw File.Failure(path: "user \(uid)", code: errno) } }
        let counts = try await eventLoop.submit {
            let counts = AttackCounts()
            Attacker.begin(
                moves, path: socket, firstUser: isOneUser ? nil : uid, counts: counts, on: eventLoop)
            return NIOLoopBound(counts, eventLoop: eventLoop)
        }.get()
        while ContinuousClock.now < end {
            let done = try await eventLoop.submit { counts.value.report }.get()
            // Numbers only grow, so that the new text covers the old one.
            let text = try JSONEncoder().encode(done)
            guard text.withUnsafeBytes({ pwrite(file, $0.baseAddress, $0.count, 0) }) == text.count else {
                throw File.Failure(path: report, code: errno)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

/// What an attacker has done so far.
struct AttackReport: Codable, Sendable, Equatable {
    /// Connections that were made.
    var connected = 0
    /// Requests sent, as far as they are whole.
    var sent = 0
    /// Answers read, errors among them.
    var answered = 0
}

/// The report while it grows. Belongs to one event loop.
final class AttackCounts {
    var report = AttackReport()
    /// Whether connections that end are made again.
    var goesOn = true
}
