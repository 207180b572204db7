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
        var source = source
        let callers = Self.callers(inherited, faults: &source.sockets.faults)
        source.sockets.paths = callers.map(\.path)
        let configuration = source.read()
        let log = Log(isJSON: configuration.logFormat == .json, level: configuration.logLevel)
        defer { log.flush() }
        if inherited.metrics == nil, configuration.settings?.metricsListen != nil {
            log.logger.warning("metricsListen is ignored under systemd: enable imattrd-metrics.socket")
        }
        try await serve(
            source,
            Sockets(
                callers: callers, admin: inherited.admin, metrics: inherited.metrics, metricsAddress: nil),
            environment(mayHavePredecessor: false, slots: slotMemory(inherited, log.logger), log), log)
    }

    /// The doors of the sockets that were handed over, by their names. One with a name that cannot be one is served as `rpc`: by what is
    /// at fault then, no caller gets more than the reason.
    private static func callers(_ inherited: InheritedSockets, faults: inout [String]) -> [Sockets.Callers] {
        faults = inherited.faults
        let callers = inherited.callers.map { socket in
            let name = String(socket.name.dropFirst(InheritedSockets.named.count))
            let isNamed = socket.name.hasPrefix(InheritedSockets.named)
            if isNamed, !Door.isName(name) {
                faults.append("\(socket.name) is no name of a socket: after rpc- come 1 to 32 of a-z, 0-9 and '-'")
            }
            let door = isNamed && Door.isName(name) ? Door.named(name) : .callers
            return Sockets.Callers(door: door, descriptor: socket.descriptor, path: socket.path, unbind: nil)
        }
        let named = callers.count { $0.door != .callers }
        if named > Door.mostNamed {
            faults.append("\(named) sockets named rpc-NAME were handed over; at most \(Door.mostNamed) are served")
        }
        return callers
    }

    /// Binds a socket and serves it. A bad configuration ends it.
    func run(own wanted: [SocketOption], group: String?) async throws {
        let configuration = source.read()
        let problems = configuration.allProblems
        if !problems.isEmpty { throw failure(.misconfigured, problems) }
        let gid = try group.map(gid(of:))
        for option in wanted { try checkFolder(of: option.path) }
        let log = Log(isJSON: configuration.logFormat == .json, level: configuration.logLevel)
        defer { log.flush() }
        var sockets: [(door: Door, socket: OwnSocket)] = []
        defer { for (_, socket) in sockets { socket.remove() } }
        for option in wanted {
            let socket = try orFail(.noSocket) { () throws(OwnSocket.Failure) in
                try OwnSocket(
                    path: option.path, group: option.door == .callers ? gid : nil,
                    notesMark: sockets.isEmpty ? SlotMemory.mark : [])
            }
            sockets.append((option.door, socket))
        }
        var source = source
        source.sockets.paths = wanted.map(\.path)
        // The limiter's slots are in the first one's lock file.
        guard let first = sockets.first?.socket else { return }
        let metrics = try configuration.settings?.metricsListen.map { address in
            try orFail(.noSocket) { () throws(MetricsSocket.Failure) in try MetricsSocket(address) }
        }
        try await serve(
            source,
            Sockets(
                callers: zip(wanted, sockets).map { option, own in
                    Sockets.Callers(
                        door: own.door, descriptor: own.socket.descriptor, path: option.path,
                        unbind: { own.socket.unbind() })
                }, admin: nil, metrics: metrics?.descriptor, metricsAddress: metrics?.description),
            environment(
                mayHavePredecessor: first.remains == .socket,
                slots: slotMemory(
                    in: first.lockFile, isNew: first.remains != .lockFile, boot: SlotMemory.bootID, log.logger),
                administrator: geteuid(), log), log)
    }

    /// What is listened on.
    private struct Sockets {
        /// A socket of callers.
        struct Callers {
            let door: Door
            let descriptor: CInt
            let path: String
            /// Takes the path away; nil if another process goes on with the socket.
            let unbind: (@Sendable () -> Void)?
        }

        let callers: [Callers]
        let admin: CInt?
        let metrics: CInt?
        /// Nil if the socket of the metrics was handed over.
        let metricsAddress: String?
    }

    /// - Parameter administrator: Where there is no socket of administrators, who is one on the callers'.
    private func environment(
        mayHavePredecessor: Bool, slots: SlotMemory?, administrator: uid_t? = nil, _ log: Log
    ) -> Daemon.Environment {
        var environment = Daemon.Environment()
        environment.mayHavePredecessor = mayHavePredecessor
        environment.slotMemory = slots
        environment.resources = .ofThisProcess()
        environment.administrator = administrator
        environment.returnFreePages = ProcessMemory.returnFreePages
        environment.droppedLogEntries = { log.writer.droppedCount }
        return environment
    }

    /// The slots of a process that was killed, or a new memory of them that the service manager keeps in case this one is.
    private func slotMemory(_ inherited: InheritedSockets, _ logger: Logger) -> SlotMemory? {
        if let slots = inherited.slots {
            return slotMemory(in: slots, isNew: false, boot: SlotMemory.bootOfMemory, logger)
        }
        guard let file = MemoryFile.make(name: "imattrd-slots") else {
            logger.warning("no memory for the slots; a crash will not be remembered")
            return nil
        }
        ServiceManager.store(file, name: "slots")
        return slotMemory(in: file, isNew: true, boot: SlotMemory.bootOfMemory, logger)
    }

    private func slotMemory(in file: CInt, isNew: Bool, boot: [UInt8]?, _ logger: Logger) -> SlotMemory {
        let memory = SlotMemory(descriptor: file, isNew: isNew, boot: boot) { error in
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
        _ source: ConfigurationSource, _ sockets: Sockets, _ environment: Daemon.Environment, _ log: Log
    ) async throws {
        // Trapped before anything is served, so that none is missed.
        let signals = Signals.shared.trap()
        let (idle, idleContinuation) = AsyncStream.makeStream(of: Void.self)
        let hooks = Daemon.Hooks(
            stateChanged: { ServiceManager.notify(.status($0.description)) }, idle: { idleContinuation.yield() },
            reloading: { ServiceManager.notify(.reloading) },
            reloaded: { ServiceManager.notify(.ready, .status(Self.status($1, after: $0))) })
        let eventLoop = MainLoop.eventLoop
        let daemon = try await Daemon.start(
            on: eventLoop, source: { source.read() }, logger: log.logger,
            environment: environment, hooks: hooks)
        for callers in sockets.callers {
            try await daemon.listen(on: callers.descriptor, as: callers.door, unbind: callers.unbind)
        }
        if let admin = sockets.admin { try await daemon.listen(on: admin, as: .administrators) }
        if let metrics = sockets.metrics { try await daemon.serveMetrics(on: metrics) }
        ServiceManager.notify(.ready)
        var metadata: Logger.Metadata = [
            "version": "\(Version.current)", "socket": "\(sockets.callers.map(\.path).joined(separator: ", "))",
        ]
        if let address = sockets.metricsAddress { metadata["metrics"] = "\(address)" }
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
                    try await daemon.reload()
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

    private static func status(_ state: DaemonState, after outcome: ReloadOutcome) -> String {
        if outcome.succeeded { return state.description }
        return "\(state); the last reload failed: \(outcome.problemsForCallers.joined(separator: "; "))"
    }
}
