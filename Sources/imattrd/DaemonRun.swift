import ArgumentParser
import AttributeDaemon
import DaemonConfiguration
import Glibc
import JSONRPCServer
import Logging
import NIOCore
import Systemd

/// Runs the daemon until it is to stop.
struct DaemonRun {
    let source: ConfigurationSource

    /// Serves the socket that systemd has handed over. A bad configuration does not end it: systemd would start it again
    /// at once for the same waiting caller, until the socket unit fails for good.
    func run(inherited: InheritedSockets) async throws {
        let log = Log(source.read(socketPath: inherited.rpcPath))
        defer { log.flush() }
        try await serve(
            inherited.rpc, path: inherited.rpcPath, metrics: inherited.metrics, mayHavePredecessor: false,
            slots: slotMemory(inherited, log.logger), log)
    }

    /// Binds a socket and serves it. A bad configuration ends it.
    func run(socketPath: String, group: String?) async throws {
        let configuration = source.read(socketPath: nil)
        let problems = configuration.allProblems
        if !problems.isEmpty { throw failure(.misconfigured, problems) }
        let gid = try group.map(gid(of:))
        try checkFolder(of: socketPath)
        let socket = try orFail(.noSocket) { () throws(OwnSocket.Failure) in
            try OwnSocket(path: socketPath, group: gid, notesMark: SlotMemory.mark)
        }
        let log = Log(configuration)
        defer { log.flush() }
        defer { socket.remove() }
        try await serve(
            socket.descriptor, path: socketPath, metrics: nil, mayHavePredecessor: socket.remains == .socket,
            slots: slotMemory(in: socket.lockFile, isNew: socket.remains != .lockFile, log.logger), log)
    }

    /// The slots of a process that was killed, or a new memory of them that the service manager keeps in case this one is.
    private func slotMemory(_ inherited: InheritedSockets, _ logger: Logger) -> SlotMemory? {
        if let slots = inherited.slots { return slotMemory(in: slots, isNew: false, logger) }
        guard let file = MemoryFile.make(name: "imattrd-slots") else {
            logger.warning("no memory for the slots; a crash will not be remembered")
            return nil
        }
        ServiceManager.store(file, name: "slots")
        return slotMemory(in: file, isNew: true, logger)
    }

    private func slotMemory(in file: CInt, isNew: Bool, _ logger: Logger) -> SlotMemory {
        let memory = SlotMemory(descriptor: file, isNew: isNew) { error in
            logger.warning(
                "the slots cannot be written down; a crash will not be remembered",
                metadata: ["why": "\(String(cString: strerror(error)))"])
        }
        if !isNew {
            let message: Logger.Message =
                memory.isVoid
                ? "slots of an earlier process are void: all count as used" : "slots of an earlier process found"
            logger.notice(message, metadata: Event.slotsFound.metadata())
        }
        return memory
    }

    /// A secret key may have been given for the path, so that is shown only if its folder is there.
    private func checkFolder(of path: String) throws {
        let isWord = !path.contains("/") && WrittenText(path).isHidden
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        if isWord || access(folder, F_OK) != 0 {
            throw failure(.noSocket, ["--socket: \(WrittenText(hidden: path)); give a path in a folder that exists"])
        }
    }

    private func gid(of group: String) throws -> gid_t {
        guard let entry = getgrnam(group) else {
            throw failure(.noSocket, ["--socket-group: there is no group \(WrittenText(group))"])
        }
        return entry.pointee.gr_gid
    }

    private func serve(
        _ socket: CInt, path: String, metrics: CInt?, mayHavePredecessor: Bool, slots: SlotMemory?, _ log: Log
    ) async throws {
        // Trapped before anything is served, so that none is missed.
        let signals = Signals.shared.trap()
        let (idle, idleContinuation) = AsyncStream.makeStream(of: Void.self)
        let hooks = Daemon.Hooks(
            stateChanged: { ServiceManager.notify(.status($0.description)) }, idle: { idleContinuation.yield() })
        let source = source
        let eventLoop = MainLoop.eventLoop
        var environment = Daemon.Environment()
        environment.mayHavePredecessor = mayHavePredecessor
        environment.slotMemory = slots
        environment.resources = .ofThisProcess()
        environment.returnFreePages = ProcessMemory.returnFreePages
        environment.droppedLogEntries = { log.writer.droppedCount }
        let daemon = try await Daemon.start(
            on: eventLoop, source: { source.read(socketPath: path) }, logger: log.logger,
            environment: environment, hooks: hooks)
        try await daemon.listen(on: socket)
        if let metrics { try await daemon.serveMetrics(on: metrics) }
        ServiceManager.notify(.ready)
        try await daemon.logger.notice(
            "started", metadata: Event.started.metadata(["version": "\(Version.current)", "socket": "\(path)"]))
        try await waitForEnd(daemon, eventLoop, signals, idle)
        ServiceManager.notify(.stopping)
        let logger = try await daemon.logger
        try await daemon.stop()
        logger.notice("stopped", metadata: Event.stopped.metadata())
    }

    /// Reloads on a signal; returns when the daemon is to stop, by a signal or because it is idle.
    private func waitForEnd(
        _ daemon: Daemon, _ eventLoop: any EventLoop, _ signals: AsyncStream<CInt>, _ idle: AsyncStream<Void>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    guard signal == SIGHUP else {
                        try await daemon.logger.notice(
                            "stopping", metadata: ["signal": "\(signal == SIGTERM ? "SIGTERM" : "SIGINT")"])
                        return
                    }
                    try await reload(daemon)
                }
            }
            if let interval = ServiceManager.watchdogInterval {
                let logger = try await daemon.logger
                let watchdog = Watchdog(daemon: daemon, eventLoop: eventLoop, interval: interval, logger: logger)
                group.addTask { try await watchdog.run() }
            }
            group.addTask {
                for await _ in idle {
                    try await daemon.logger.notice(
                        "stopping, because no caller has needed the daemon for idleExitSeconds")
                    return
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func reload(_ daemon: Daemon) async throws {
        ServiceManager.notify(.reloading)
        let outcome = try await daemon.reload()
        let logger = try await daemon.logger
        let state = try await daemon.state
        if outcome.succeeded {
            logger.notice("configuration reloaded", metadata: Event.reloaded.metadata())
            ServiceManager.notify(.ready, .status(state.description))
        } else {
            for problem in outcome.problems {
                logger.error("reload failed", metadata: Event.reloadFailed.metadata(["problem": "\(problem)"]))
            }
            let problems = outcome.problems.joined(separator: "; ")
            ServiceManager.notify(.ready, .status("\(state); the last reload failed: \(problems)"))
        }
        if !outcome.keysForRestart.isEmpty {
            logger.warning(
                "some changes wait for a restart",
                metadata: ["keys": "\(outcome.keysForRestart.joined(separator: ", "))"])
        }
    }
}

/// The log of this process.
private struct Log {
    let writer: LogWriter
    /// The logger until the daemon has one at the level in force.
    let logger: Logger

    /// How long the end of the program waits for entries to be written, and for the service manager to be told.
    private static let patience: Duration = .seconds(1)

    init(_ configuration: ReadConfiguration) {
        let writer = LogWriter(
            LogWriter.standardErrorIsJournal
                ? .journal(prefix: "IMATTRD", fromCallers: Audit.fromCallers)
                : .standardError(isJSON: configuration.logFormat == .json))
        var logger = Logger(label: "imattrd") { _ in writer.handler }
        logger.logLevel = configuration.logLevel
        self.writer = writer
        self.logger = logger
    }

    func flush() {
        writer.flush(within: Self.patience)
        ServiceManager.flush(within: Self.patience)
    }
}
