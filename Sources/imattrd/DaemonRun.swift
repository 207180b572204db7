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
        let configuration = source.read(socketPath: inherited.rpcPath)
        let log = Log(configuration)
        defer { log.flush() }
        if inherited.metrics == nil, configuration.settings?.metricsListen != nil {
            log.logger.warning("metricsListen is ignored under systemd: enable imattrd-metrics.socket")
        }
        try await serve(
            inherited.rpc, path: inherited.rpcPath, unbind: nil, metrics: inherited.metrics.map { ($0, nil) },
            mayHavePredecessor: false, slots: slotMemory(inherited, log.logger), log)
    }

    /// Binds a socket and serves it. A bad configuration ends it.
    func run(socketPath: String, group: String?) async throws {
        let configuration = source.read(socketPath: nil)
        let problems = configuration.allProblems
        if !problems.isEmpty { throw failure(.misconfigured, problems) }
        let gid = try group.map(gid(of:))
        let log = Log(configuration)
        defer { log.flush() }
        let socket = try orFail(.noSocket) { () throws(OwnSocket.Failure) in
            try OwnSocket(path: socketPath, group: gid)
        }
        defer { socket.remove() }
        let metrics = try configuration.settings?.metricsListen.map { address in
            try orFail(.noSocket) { () throws(MetricsSocket.Failure) in try MetricsSocket(address) }
        }
        try await serve(
            socket.descriptor, path: socketPath, unbind: { socket.unbind() },
            metrics: metrics.map { ($0.descriptor, $0.description) }, mayHavePredecessor: socket.replacedStaleSocket,
            slots: nil, log)
    }

    /// The slots of a process that was killed, or a new memory of them that the service manager keeps in case this one is.
    private func slotMemory(_ inherited: InheritedSockets, _ logger: Logger) -> SlotMemory? {
        if let slots = inherited.slots, let memory = SlotMemory(descriptor: slots) {
            close(slots)
            logger.notice("slots of an earlier process found", metadata: Event.slotsFound.metadata())
            return memory
        }
        guard let file = MemoryFile.make(name: "imattrd-slots", size: SlotMemory.size) else {
            logger.warning("no memory for the slots; a crash will not be remembered")
            return nil
        }
        ServiceManager.store(file, name: "slots")
        defer { close(file) }
        return SlotMemory(descriptor: file)
    }

    private func gid(of group: String) throws -> gid_t {
        guard let entry = getgrnam(group) else {
            throw failure(.noSocket, ["--socket-group: there is no group \"\(group)\""])
        }
        return entry.pointee.gr_gid
    }

    private func serve(
        _ socket: CInt, path: String, unbind: (@Sendable () -> Void)?, metrics: (socket: CInt, address: String?)?,
        mayHavePredecessor: Bool, slots: SlotMemory?, _ log: Log
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
        environment.droppedLogEntries = { log.writer.droppedCount }
        let daemon = try await Daemon.start(
            on: eventLoop, source: { source.read(socketPath: path) }, logger: log.logger,
            environment: environment, hooks: hooks)
        try await daemon.listen(on: socket, unbind: unbind)
        if let metrics { try await daemon.serveMetrics(on: metrics.socket) }
        ServiceManager.notify(.ready)
        var metadata: Logger.Metadata = ["version": "\(Version.current)", "socket": "\(path)"]
        if let address = metrics?.address { metadata["metrics"] = "\(address)" }
        try await daemon.logger.notice("started", metadata: Event.started.metadata(metadata))
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
