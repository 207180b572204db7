import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import Glibc
import JSONRPC
import JSONRPCServer
import Logging
import NIOCore
import NIOPosix
import UpstreamClient
import UserSig

/// The daemon: it takes configurations, answers requests and stops. Lives on one event loop.
///
/// It and its server keep each other as long as the process lives.
final class DaemonCore {
    /// What requests are answered from.
    enum Phase {
        /// No configuration has been usable yet.
        case misconfigured([ConfigurationProblem])
        case serving(Serving)
        /// - Parameter serving: Nil if there never was a usable configuration, or the end has come.
        case stopping(Serving?, end: EventLoopFuture<Void>)
    }

    /// What there is with a usable configuration.
    final class Serving {
        let driver: CallDriver
        let upstream: UpstreamClient
        let settings: Settings

        init(_ driver: CallDriver, _ upstream: UpstreamClient, _ settings: Settings) {
            self.driver = driver
            self.upstream = upstream
            self.settings = settings
        }
    }

    /// How long calls on the wire may take when the daemon stops.
    static let stopGrace: Duration = .seconds(10)
    /// How long clients have to read their last answers.
    static let closeGrace: TimeAmount = .seconds(2)

    let eventLoop: any EventLoop
    private(set) lazy var server = makeServer()
    private let firstLimits: ServerLimits
    private var phase = Phase.misconfigured([])
    /// Who may ask for what.
    var access = Access()
    private var metricsServer: MetricsServer?
    let startedAt = Moment.now()
    /// The same, in seconds since 1970.
    let startTime = time(nil)
    private(set) var logger: Logger {
        didSet { logsRequests = logger.logLevel <= .debug }
    }
    /// Whether the logger writes a line for each request. Kept, because to ask it for its level copies its handler.
    private(set) var logsRequests: Bool
    /// What has been asked and answered so far.
    var requests = RequestMetrics()
    /// Callers whom `allow` or a rule has refused lately.
    var refusals = RefusalLog()
    private(set) var lastReload: ReloadOutcome?
    /// The reload that others wait for; done when the last one is over.
    private var reloading: EventLoopFuture<Void>
    private let source: Daemon.Source
    /// The user who is an administrator on every socket.
    let administrator: UInt32?
    /// Connections of administrators whose first look at the callers was logged.
    var noted: Set<UInt64> = []
    /// What callers are given about the daemon as a whole.
    var texts = SharedTexts()
    let hooks: Daemon.Hooks
    private var lastState: DaemonState?
    private var idleAlarm: Scheduled<Void>?
    private let mayHavePredecessor: Bool
    private let slotMemory: SlotMemory?
    let resources: ResourceLimits
    private let clocks: @Sendable () -> ClockReading
    /// Log entries that could not be written so far.
    let droppedLogEntries: @Sendable () -> Int
    /// How the bounds in force fit into those; nil while there is no configuration.
    private var resourceReport: ResourceReport?
    private var signingNotes = SigningNotes()
    /// Users who have had one connection too many lately.
    var refusedConnections = RefusalLog()
    /// What was logged of shortages of descriptors, and when one is taken to be over.
    var shortages = ShortageLog()
    var shortageAlarm: Scheduled<Void>?
    /// Measures the loop's turns.
    let loopTurns: LoopTurns

    init(
        eventLoop: any EventLoop, source: @escaping Daemon.Source, logger: Logger, limits: ServerLimits,
        environment: Daemon.Environment,
        hooks: Daemon.Hooks
    ) {
        self.eventLoop = eventLoop
        self.source = source
        self.logger = logger
        reloading = eventLoop.makeSucceededVoidFuture()
        administrator = environment.administrator
        self.hooks = hooks
        mayHavePredecessor = environment.mayHavePredecessor
        slotMemory = environment.slotMemory
        resources = environment.resources
        loopTurns = LoopTurns(
            eventLoop, memory: MemoryReturn(eventLoop, returnFreePages: environment.returnFreePages))
        clocks = environment.clocks
        droppedLogEntries = environment.droppedLogEntries
        firstLimits = limits
        logsRequests = logger.logLevel <= .debug
    }

    private func makeServer() -> JSONRPCServer {
        var limits = firstLimits
        limits.maxConnections =
            DescriptorBudget(limit: resources.descriptors, maxInFlight: 1, maxConnections: limits.maxConnections)
            .connections
        let server = JSONRPCServer(service: self, limits: limits, eventLoop: eventLoop)
        server.connectionsChanged = { [weak self] in
            self?.loopTurns.note(about: .microseconds(50))
            self?.watchIdleness()
        }
        server.descriptorShortageChanged = { [weak self] isShort in
            guard let self else { return }
            act(shortages.changed(isShort: isShort))
        }
        server.connectionRefused = { [weak self] in self?.noteRefusedConnection(of: $0, $1) }
        return server
    }

    /// What there is to serve with; nil if there is nothing.
    var serving: Serving? {
        switch phase {
        case .misconfigured: nil
        case .serving(let serving), .stopping(let serving?, _): serving
        case .stopping(nil, _): nil
        }
    }

    /// Whether new requests are refused because the daemon stops.
    var isStopping: Bool { if case .stopping = phase { true } else { false } }

    var driver: CallDriver? { serving?.driver }
    var upstream: UpstreamClient? { serving?.upstream }
    var settings: Settings? { serving?.settings }

    // MARK: Configuration

    /// Takes a configuration, at the start or by a reload. A bad one never replaces a good one.
    /// - Returns: What is wrong with it; empty if it is in force.
    func configure(
        _ configuration: ReadConfiguration, _ source: Result<SignatureSource, ConfigurationProblem>?
    ) -> [ConfigurationProblem] {
        logger.logLevel = configuration.logLevel
        var problems = configuration.problems
        if case .failure(let problem) = source { problems.append(problem) }
        guard problems.isEmpty, let settings = configuration.settings, case .success(let source) = source else {
            if case .misconfigured = phase {
                phase = .misconfigured(problems)
                // The state, which callers see, does not show all of these: they can have accounts of others' rules.
                for problem in problems where problem.description != problem.descriptionForCallers {
                    logger.error("a rule cannot be used", metadata: ["why": "\(problem)"])
                }
                stateMayHaveChanged()
            }
            return problems
        }
        serve(settings, source)
        return []
    }

    private func serve(_ new: Settings, _ source: SignatureSource) {
        if case .stopping(nil, _) = phase { return }
        if case .key(let key) = source, !key.isLocked { logger.warning("\(ResourceReport.unlockedKey)") }
        if let warning = new.keyWarning { logger.warning("\(warning)") }
        var new = new
        divideResources(&new)
        let (driver, upstream): (CallDriver, UpstreamClient)
        if let serving {
            (driver, upstream) = (serving.driver, serving.upstream)
            new = new.keeping(whatWaitsForARestart: serving.settings)
            if upstream.sign(with: source, lifetime: new.upstream.userSigLifetime) { driver.credentialChanged() }
            upstream.use(timeout: new.upstream.timeout, trustRoots: new.upstream.trustRoots)
        } else {
            upstream = UpstreamClient(
                new.upstream, source: source, eventLoop: eventLoop,
                report: { [weak self] event in self?.upstreamReports(event) })
            driver = makeDriver(new, upstream)
        }
        access.replace(with: new)
        driver.change(new.scheduling, access.shares)
        serve(Serving(driver, upstream, new))
        server.limits = new.server
        texts.discard()
        stateMayHaveChanged()
        watchIdleness()
    }

    private func upstreamReports(_ event: UpstreamClient.Event) {
        driver?.upstreamReports(event)
        guard case .signingChanged = event, let upstream else { return }
        for problem in signingNotes.changed(upstream, at: .now()) { logger.warning("\(problem)") }
        stateMayHaveChanged()
    }

    private func serve(_ serving: Serving) {
        switch phase {
        case .misconfigured, .serving: phase = .serving(serving)
        case .stopping(_, let end): phase = .stopping(serving, end: end)
        }
    }

    private func makeDriver(_ settings: Settings, _ upstream: UpstreamClient) -> CallDriver {
        let driver = CallDriver(
            settings.scheduling, upstream: upstream, eventLoop: eventLoop, loopTurns: loopTurns, clocks: clocks,
            server: server, callEnded: { [weak self] in self?.note($0) })
        if let slotMemory { driver.remember(in: slotMemory) }
        if mayHavePredecessor { driver.assumeAllSlotsUsed() }
        return driver
    }

    /// Lowers bounds to what the system allows, and logs what has changed in that.
    private func divideResources(_ settings: inout Settings) {
        let report = ResourceReport(settings, resources)
        settings.server.maxConnections = report.descriptors.connections
        settings.maxInFlight = report.descriptors.inFlight
        guard report != resourceReport else { return }
        resourceReport = report
        logger.info("resources divided", metadata: ["are": "\(report.lines.joined(separator: "; "))"])
        for line in report.warnings { logger.warning("not enough for the configuration", metadata: ["why": "\(line)"]) }
    }

    /// What is logged until the next reload.
    func setLogLevel(_ level: Logger.Level) { logger.logLevel = level }

    /// Reads the configuration and the key again, after those that do so already. Whatever becomes of the files, the loop goes on.
    func reload() -> EventLoopFuture<ReloadOutcome> {
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        let source = source
        let outcome = reloading.flatMap {
            core.value.hooks.reloading()
            return NIOThreadPool.singleton.runIfActive(eventLoop: core.value.eventLoop) {
                let configuration = source()
                return (configuration, configuration.signatureSource())
            }
        }.map { configuration, source in core.value.takeReloaded(configuration, source) }
        reloading = outcome.map { _ in }.recover { _ in }
        return outcome
    }

    private func takeReloaded(
        _ configuration: ReadConfiguration, _ source: Result<SignatureSource, ConfigurationProblem>?
    ) -> ReloadOutcome {
        let waiting = configuration.settings.flatMap { settings?.keysForRestart(to: $0) } ?? []
        let problems = configure(configuration, source)
        let outcome = ReloadOutcome(
            at: Int64(time(nil)), problems: problems.lines, problemsForCallers: problems.linesForCallers,
            keysForRestart: waiting.map(\.rawValue))
        lastReload = outcome
        texts.discard()
        log(outcome)
        hooks.reloaded(outcome, state)
        return outcome
    }

    /// Serves a socket that listens already.
    func listen(on socket: CInt, as door: Door, unbind: (@Sendable () -> Void)?) -> EventLoopFuture<Void> {
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        return server.listen(on: socket, as: door, unbind: unbind).map {
            core.value.add(door)
        }
    }

    private func add(_ door: Door) {
        access.add(door)
        if let serving { serving.driver.change(serving.settings.scheduling, access.shares) }
        texts.discard()
    }

    /// Serves the metrics over HTTP. A reader of metrics does not need the daemon: it may be idle all the same.
    func serveMetrics(on socket: CInt) -> EventLoopFuture<Void> {
        let server = MetricsServer(
            eventLoop: eventLoop, capacity: resourceReport?.descriptors.metrics ?? MetricsServer.maximumConnections,
            pages: pages)
        metricsServer = server
        return server.listen(on: socket)
    }

    // MARK: State

    var state: DaemonState {
        switch phase {
        case .misconfigured(let problems):
            DaemonState(state: .misconfigured, reasons: problems.linesForCallers)
        case .serving(let serving): serving.state
        case .stopping: DaemonState(state: .stopping, reasons: [])
        }
    }

    private func stateMayHaveChanged() {
        let state = state
        guard state != lastState else { return }
        lastState = state
        texts.discard()
        hooks.stateChanged(state)
        let reasons: Logger.Metadata = state.reasons.isEmpty ? [:] : ["why": "\(state.reasons.joined(separator: "; "))"]
        let level: Logger.Level = state.state == .misconfigured || state.state == .degraded ? .error : .info
        logger.log(level: level, "state is \(state.state.rawValue)", metadata: Event.stateChanged.metadata(reasons))
    }

    private func note(_ call: CallDriver.EndedCall) {
        if logsRequests { log(call) }
        stateMayHaveChanged()
        watchIdleness()
    }

    // MARK: Idleness

    private var isIdle: Bool { server.connectionCount == 0 && driver?.isIdle ?? true }

    private func watchIdleness() {
        guard let idleExit = settings?.idleExit, isIdle, !isStopping else {
            idleAlarm?.cancel()
            idleAlarm = nil
            return
        }
        if idleAlarm != nil { return }
        idleAlarm = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(idleExit)) { [weak self] () -> Void in
            guard let self else { return }
            idleAlarm = nil
            if isIdle { hooks.idle() }
        }
    }

    // MARK: Stopping

    /// Stops: door, waiting work, upstream client, in this order.
    func stop() -> EventLoopFuture<Void> {
        if case .stopping(_, let end) = phase { return end }
        let end = eventLoop.makePromise(of: Void.self)
        phase = .stopping(serving, end: end.futureResult)
        let accepted = server.stopAccepting()
        metricsServer?.stop()
        shortageAlarm?.cancel()
        watchIdleness()
        stateMayHaveChanged()
        let stopping = driver?.stop(grace: Self.stopGrace)
        let answered = stopping?.answered.futureResult ?? eventLoop.makeSucceededVoidFuture()
        let drained = stopping?.drained.futureResult ?? eventLoop.makeSucceededVoidFuture()
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        answered.and(accepted).flatMap { _ in core.value.closeConnections() }
            .and(drained)
            .flatMap { _ in core.value.upstream?.shutDown() ?? core.value.eventLoop.makeSucceededVoidFuture() }
            .cascade(to: end)
        // The key is wiped with the client that signs with it.
        end.futureResult.assumeIsolated().whenComplete { [self] _ in phase = .stopping(nil, end: end.futureResult) }
        return end.futureResult
    }

    private func closeConnections() -> EventLoopFuture<Void> {
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        let closed = server.closeConnections()
        let force = eventLoop.scheduleTask(in: Self.closeGrace) { core.value.server.closeConnectionsNow() }
        closed.whenComplete { _ in force.cancel() }
        return closed
    }
}
