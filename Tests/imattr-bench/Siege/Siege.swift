import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix

/// What an attacker can do to another user's requests and to the daemon, trick by trick.
struct Siege: Measurement {
    private static let attackers: uid_t = 65_100
    private static let victim: uid_t = 65_500
    private static let rate = 100
    private static let accountsPerCall = 100

    let seconds: Int
    var tricks = Trick.everything
    /// Whether the cost of a `getStatus` is looked at.
    var measuresStatus = true
    /// Whether the daemon's memory is looked at again half a minute after each attack.
    var waitsForMemory = false

    init(seconds: Int?) {
        self.seconds = seconds ?? 10
    }

    struct NeedsRoot: Error, CustomStringConvertible {
        var description: String { "siege needs root, to be several users" }
    }

    func run(_ tell: (Section) -> Void) async throws {
        guard geteuid() == 0 else { throw NeedsRoot() }
        let cores = try ProcessorCores()
        try await keepOffFirst(cores)
        try takePriority()
        let alone = try await row(of: Trick(name: "(alone)"), cores)
        let head = SiegeTable.head(alone: alone.waits, memoryBound: alone.memoryBound)
        tell(section(alone, alone: alone.waits, head: head))
        for trick in tricks {
            try await show(trick.name, tell) { section(try await row(of: trick, cores), alone: alone.waits) }
        }
        guard measuresStatus else { return }
        try await show(StatusCost.name, tell) {
            try await Rig.with(.near, daemon: StatusCost.arguments, through: cores.forDaemon) { rig in
                try await StatusCost(rig.daemon).section()
            }
        }
    }

    private func show(
        _ name: String, _ tell: (Section) -> Void, _ section: () async throws -> Section
    ) async throws {
        Progress.say(name)
        do {
            tell(try await section())
        } catch  where !Task.isCancelled {
            // The others still have something to show.
            let failure = Finding("came to its end: \(error)", 0, .atLeast(1))
            tell(Section(title: "siege: \(name)", findings: [failure]))
        }
    }

    private func section(_ row: SiegeRow, alone: SiegeRow.Waits, head: String = "") -> Section {
        Section(
            title: "siege: \(row.trick)", findings: row.findings(alone: alone),
            text: head + SiegeTable.text(row, alone: alone))
    }

    /// Leaves the first core to the daemon. What we start afterwards stays off it as well.
    private func keepOffFirst(_ cores: ProcessorCores) async throws {
        guard let arguments = cores.exceptFirst(for: getpid()) else { return }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try await Child("/usr/bin/taskset", arguments, output: folder.path("log"), folder: folder).succeed()
    }

    /// Lets us, and what we start afterwards, go before what else the machine does. Where that is not allowed, a busy
    /// machine shows in the waits. Not by a real-time priority: the kernel takes 50 ms of every second away from a program that has one
    /// and uses all of its core.
    private func takePriority() throws {
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap(id_t.init) {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), thread, Self.firstPriority)
        }
        // Where the kernel groups programs by session, a priority counts only within the group (sched(7)).
        try? Data("\(Self.firstPriority)".utf8).write(to: URL(filePath: "/proc/self/autogroup"))
    }

    /// The best and the worst nice value.
    private static let firstPriority: CInt = -20
    static let lastPriority: CInt = 19

    private func row(of trick: Trick, _ cores: ProcessorCores) async throws -> SiegeRow {
        let descriptors = trick.descriptors.map { ["/usr/bin/prlimit", "--nofile=\($0):\($0)"] } ?? []
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let notifications = try await NotifySocket.open(in: folder)
        let row = try await Rig.with(
            .near, sandbox: trick.faults.flatMap { ["--fault", $0] }, daemon: ["--log-level", "error"],
            through: cores.forDaemon + descriptors, environment: notifications.environment
        ) { rig in
            try await letOthersConnect(rig.daemon.socketPath)
            return try await SiegeRun(
                rig: rig, trick: trick, seconds: seconds, attackers: Self.attackers, victim: Self.victim,
                waitsForMemory: waitsForMemory, notifications: notifications
            ).row(fullSecond: Self.rate * Self.accountsPerCall)
        }
        try await notifications.close()
        return row
    }

    /// The folder of the rig is ours alone, and its socket too.
    private func letOthersConnect(_ socket: String) async throws {
        // Answered when the configuration is read: the daemon would refuse one with a socket that everybody may write to.
        _ = try await NIOThreadPool.singleton.runIfActive { try LineClient(socket, patience: 20).ask(Request.ping) }
        let folder = String(socket.prefix(upTo: socket.lastIndex(of: "/") ?? socket.endIndex))
        for (path, mode) in [(folder, mode_t(0o711)), (socket, 0o666)] {
            guard chmod(path, mode) == 0 else { throw File.Failure(path: path, code: errno) }
        }
    }
}
