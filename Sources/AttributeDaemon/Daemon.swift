import AttributeAPI
import DaemonConfiguration
import JSONRPCServer
import Logging
import NIOCore
import UpstreamClient
import UserSig

/// A whole daemon: holds the credential, serves the socket, makes all upstream calls. May be used from anywhere.
public final class Daemon: Sendable {
    /// What the daemon reports to its owner, on its event loop.
    public struct Hooks: Sendable {
        /// The state has changed.
        public let stateChanged: @Sendable (DaemonState) -> Void
        /// There has been no connection and no work for `idleExitSeconds`.
        public let idle: @Sendable () -> Void
        /// The configuration is read again.
        public let reloading: @Sendable () -> Void
        /// That is over, and this is the state now.
        public let reloaded: @Sendable (ReloadOutcome, DaemonState) -> Void

        /// Sets all.
        public init(
            stateChanged: @escaping @Sendable (DaemonState) -> Void = { _ in },
            idle: @escaping @Sendable () -> Void = {}, reloading: @escaping @Sendable () -> Void = {},
            reloaded: @escaping @Sendable (ReloadOutcome, DaemonState) -> Void = { _, _ in }
        ) {
            self.stateChanged = stateChanged
            self.idle = idle
            self.reloading = reloading
            self.reloaded = reloaded
        }
    }

    /// What a daemon finds in its process.
    public struct Environment: Sendable {
        /// Whether a process that was killed may have made calls a moment ago, of which nothing is known.
        public var mayHavePredecessor = false
        /// Where such a process has written down its slots, and this one does.
        public var slotMemory: SlotMemory?
        /// What the system allows.
        public var resources = ResourceLimits.ample
        /// Returns the memory to the system that the allocator keeps but does not use.
        public var returnFreePages: @Sendable () -> Void = {}
        /// The clocks.
        public var clocks: @Sendable () -> ClockReading = { .now() }
        /// Log entries that could not be written so far.
        public var droppedLogEntries: @Sendable () -> Int = { 0 }
        /// The user who is an administrator on the callers' socket, too; nil: there is none.
        public var administrator: UInt32?

        /// A process of which nothing is known.
        public init() {}
    }

    /// Where the configuration comes from; asked again for a reload.
    public typealias Source = @Sendable () -> ReadConfiguration

    let eventLoop: any EventLoop
    let core: NIOLoopBound<DaemonCore>

    /// Starts a daemon that listens nowhere yet. A bad configuration makes it `misconfigured`, which it stays until a
    /// reload finds a good one.
    public static func start(
        on eventLoop: any EventLoop, source: @escaping Source, logger: Logger,
        environment: Environment = Environment(), hooks: Hooks = Hooks()
    ) async throws -> Daemon {
        // While there are descriptors for what they open.
        UserSigSigner.prepareLibraries()
        let configuration = source()
        let core = try await eventLoop.submit {
            let core = DaemonCore(
                eventLoop: eventLoop, source: source, logger: logger, limits: configuration.serverLimits,
                environment: environment, hooks: hooks)
            return NIOLoopBound(core, eventLoop: eventLoop)
        }.get()
        let signatures = configuration.signatureSource()
        try await eventLoop.flatSubmit {
            _ = core.value.configure(configuration, signatures)
            // So that the first request finds a UserSig, or is refused because there will be none.
            return core.value.upstream?.firstSigned ?? eventLoop.makeSucceededVoidFuture()
        }.get()
        return Daemon(eventLoop: eventLoop, core: core)
    }

    private init(eventLoop: any EventLoop, core: NIOLoopBound<DaemonCore>) {
        self.eventLoop = eventLoop
        self.core = core
    }

    /// Serves a socket that listens already; the daemon closes it when it stops.
    /// - Parameters:
    ///   - door: Who comes by it.
    ///   - unbind: Takes the path of the socket away when the daemon stops; nil if another process goes on with the socket.
    public func listen(
        on socket: CInt, as door: Door = .callers, unbind: (@Sendable () -> Void)? = nil
    ) async throws {
        try await eventLoop.flatSubmit { [core] in core.value.listen(on: socket, as: door, unbind: unbind) }.get()
    }

    /// Serves the metrics over HTTP on a socket that listens already; the daemon closes it when it stops.
    public func serveMetrics(on socket: CInt) async throws {
        try await eventLoop.flatSubmit { [core] in core.value.serveMetrics(on: socket) }.get()
    }

    /// The state, and why.
    public var state: DaemonState {
        get async throws { try await eventLoop.submit { [core] in core.value.state }.get() }
    }

    /// What the daemon logs with, at the level that is in force.
    public var logger: Logger {
        get async throws { try await eventLoop.submit { [core] in core.value.logger }.get() }
    }

    /// Whether the daemon can go on working. It is answered from where all work is done: if that hangs, so does this.
    public var isSound: Bool {
        get async throws { try await eventLoop.submit { [core] in core.value.driver?.isSound ?? true }.get() }
    }

    /// How often the event loop was seen to look at its sockets. Each question has it seen once more, soon after: so the number is
    /// another one at a later question, unless the loop runs tasks without end.
    public var loopTurns: Int {
        get async throws {
            try await eventLoop.submit { [core] in
                core.value.server.requestTurn()
                return core.value.server.turnsTaken
            }.get()
        }
    }

    /// Reads the configuration and the key again. A bad configuration changes nothing.
    @discardableResult
    public func reload() async throws -> ReloadOutcome {
        try await eventLoop.flatSubmit { [core] in core.value.reload() }.get()
    }

    /// Answers what can be answered, ends the rest, and waits until the server can see no call of ours any more.
    public func stop() async throws {
        try await eventLoop.flatSubmit { [core] in core.value.stop() }.get()
    }
}

/// The daemon's state, and why it is not `ready`.
public struct DaemonState: Hashable, Sendable, CustomStringConvertible {
    /// The state.
    public let state: GetStatus.State
    /// What is wrong; empty when nothing is.
    public let reasons: [String]

    /// `degraded: …`, on one line.
    public var description: String {
        reasons.isEmpty ? state.rawValue : "\(state.rawValue): \(reasons.joined(separator: "; "))"
    }
}

/// What became of a reload.
public struct ReloadOutcome: Hashable, Sendable {
    /// Seconds since 1970.
    public let at: Int64
    /// What is wrong with the new configuration; empty if it is in force.
    public let problems: [String]
    /// The same for everybody who may ask for the state.
    public let problemsForCallers: [String]
    /// Keys whose new values wait for a restart.
    public let keysForRestart: [String]

    /// Whether the new configuration is in force.
    public var succeeded: Bool { problems.isEmpty }
}
