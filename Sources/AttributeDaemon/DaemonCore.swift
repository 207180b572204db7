import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import Glibc
import JSONRPC
import JSONRPCServer
import Logging
import NIOCore
import UpstreamClient
import UserSig

/// The daemon's parts, put together on one event loop.
final class DaemonCore {
    /// How long calls on the wire may take when the daemon stops.
    static let stopGrace: Duration = .seconds(10)
    /// How long clients have to read their last answers.
    static let closeGrace: TimeAmount = .seconds(2)

    let eventLoop: any EventLoop
    let server: JSONRPCServer
    let service: AttributeService
    private var metricsServer: MetricsServer?
    let startedAt = NIODeadline.now()
    /// The same, in seconds since 1970.
    let startTime = time(nil)
    private(set) var logger: Logger
    private(set) var upstream: UpstreamClient?
    private(set) var driver: CallDriver?
    private(set) var settings: Settings?
    private(set) var lastReload: ReloadOutcome?
    /// What callers are given about the daemon as a whole.
    var texts = SharedTexts()
    private let hooks: Daemon.Hooks
    private var problems: [ConfigurationProblem] = []
    private var lastState: DaemonState?
    private var idleAlarm: Scheduled<Void>?
    private var stopped: EventLoopFuture<Void>?
    private let mayHavePredecessor: Bool
    private let slotMemory: SlotMemory?
    private let resources: ResourceLimits
    /// How the bounds in force fit into those; nil while there is no configuration.
    private var resourceReport: ResourceReport?
    private var refusedConnections = RefusalLog()
    private var shortages = ShortageLog()
    private var shortageAlarm: Scheduled<Void>?
    /// Measures the loop's turns; nil if its owner does not.
    let loopTurns: LoopTurns?

    init(
        eventLoop: any EventLoop, logger: Logger, limits: ServerLimits, environment: Daemon.Environment,
        hooks: Daemon.Hooks
    ) {
        self.eventLoop = eventLoop
        self.logger = logger
        self.hooks = hooks
        mayHavePredecessor = environment.mayHavePredecessor
        slotMemory = environment.slotMemory
        resources = environment.resources
        loopTurns = environment.loopTurns
        service = AttributeService(logger: logger, loopTurns: environment.loopTurns)
        var limits = limits
        limits.maxConnections =
            DescriptorBudget(limit: resources.descriptors, maxInFlight: 1, maxConnections: limits.maxConnections)
            .connections
        server = JSONRPCServer(service: service, limits: limits, eventLoop: eventLoop)
        service.status = { [weak self] in self?.statusJSON ?? Array("{}".utf8) }
        service.discovery = { [weak self] in self?.discoveryJSON ?? Array("{}".utf8) }
        service.metricsResult = { [weak self] in self?.metricsJSON ?? Array("{}".utf8) }
        server.connectionsChanged = { [weak self] in self?.watchIdleness() }
        server.descriptorShortageChanged = { [weak self] isShort in
            guard let self else { return }
            act(shortages.changed(isShort: isShort))
        }
        server.connectionRefused = { [weak self] in self?.noteRefusal(of: $0, $1) }
    }

    // MARK: Configuration

    /// Takes a configuration, at the start or by a reload. A bad one never replaces a good one.
    /// - Returns: What is wrong with it; empty if it is in force.
    func configure(_ configuration: ReadConfiguration, key: Result<SecretKey, ConfigurationProblem>?) -> [String] {
        logger.logLevel = configuration.logLevel
        service.logger = logger
        var problems = configuration.problems
        if case .failure(let problem) = key { problems.append(problem) }
        guard problems.isEmpty, let settings = configuration.settings, case .success(let key) = key else {
            if driver == nil { misconfigured(problems) }
            return problems.map(\.description)
        }
        serve(settings, key: key)
        return []
    }

    func misconfigured(_ problems: [ConfigurationProblem]) {
        self.problems = problems
        service.mode = .misconfigured(problems)
        stateMayHaveChanged()
    }

    private func serve(_ new: Settings, key: SecretKey) {
        if !key.isLocked { logger.warning("the memory with the key may be swapped out; raise LimitMEMLOCK=") }
        var new = new
        problems = []
        divideResources(&new)
        if let driver, let upstream, let settings {
            new = new.keeping(whatWaitsForARestart: settings)
            if upstream.sign(with: key, lifetime: new.upstream.userSigLifetime) { driver.credentialChanged() }
            driver.change(new.scheduling)
            service.mode = .serving(driver, .init(new))
        } else {
            let upstream = UpstreamClient(
                new.upstream, key: key, eventLoop: eventLoop,
                report: { [weak self] event in self?.driver?.upstreamReports(event) })
            let driver = CallDriver(new.scheduling, upstream: upstream, eventLoop: eventLoop, loopTurns: loopTurns)
            if let slotMemory { driver.remember(in: slotMemory) }
            if mayHavePredecessor { driver.assumeAllSlotsUsed() }
            driver.tellTogether = { [weak server] in server?.answerTogether($0) }
            driver.callEnded = { [weak self] call, accounts, failure in self?.note(call, accounts, failure) }
            (self.upstream, self.driver) = (upstream, driver)
            service.mode = .serving(driver, .init(new))
        }
        settings = new
        server.limits = new.server
        texts.discard()
        stateMayHaveChanged()
        watchIdleness()
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

    /// Logs that a connection was one too many, once a minute for each user.
    private func noteRefusal(of caller: Caller, _ error: ErrorObject) {
        guard let unsaid = refusedConnections.note(caller.uid, at: .now()) else { return }
        logger.warning(
            "connection refused", metadata: ["why": "\(error.message)", "uid": "\(caller.uid)", "unsaid": "\(unsaid)"])
    }

    private func act(_ action: ShortageLog.Action) {
        switch action {
        case .nothing: break
        case .logBegin:
            logger.warning(
                "no file descriptor is left: accepting pauses; raise LimitNOFILE= or `ulimit -Hn`",
                metadata: Event.descriptorShortage.metadata())
        case .awaitCalm:
            shortageAlarm = eventLoop.assumeIsolated().scheduleTask(in: ShortageLog.calm) { [weak self] () -> Void in
                guard let self else { return }
                act(shortages.calmed())
            }
        case .cancelCalm: shortageAlarm?.cancel()
        case .logEnd(let count):
            logger.notice("accepting goes on: there are file descriptors again", metadata: ["shortages": "\(count)"])
        }
    }

    func note(_ outcome: ReloadOutcome) {
        lastReload = outcome
        texts.discard()
    }

    /// Serves a socket that listens already.
    func listen(on socket: CInt) -> EventLoopFuture<Void> {
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        return server.listen(on: socket).map { core.value.texts.discard() }
    }

    /// Serves the metrics over HTTP. Whoever reads them is not somebody who needs the daemon: it may be idle all the same.
    func serveMetrics(on socket: CInt) -> EventLoopFuture<Void> {
        let server = MetricsServer(
            eventLoop: eventLoop, capacity: resourceReport?.descriptors.metrics ?? MetricsServer.maximumConnections
        ) { [weak self] in self?.metricsText ?? [] }
        metricsServer = server
        return server.listen(on: socket)
    }

    // MARK: State

    var state: DaemonState {
        if stopped != nil { return DaemonState(state: .stopping, reasons: []) }
        guard let driver else { return DaemonState(state: .misconfigured, reasons: problems.map(\.description)) }
        guard let reason = driver.degradation else { return DaemonState(state: .ready, reasons: []) }
        return DaemonState(state: .degraded, reasons: [reason])
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

    private func note(_ call: CallKey, _ accounts: Int, _ failure: CallFailure?) {
        if let failure {
            logger.debug(
                "call failed",
                metadata: [
                    "callId": "\(call)", "accounts": "\(accounts)", "code": "\(failure.code)",
                    "message": "\(failure.message)",
                ])
        } else {
            logger.debug("call answered", metadata: ["callId": "\(call)", "accounts": "\(accounts)"])
        }
        stateMayHaveChanged()
        watchIdleness()
    }

    // MARK: Idleness

    private var isIdle: Bool { server.connectionCount == 0 && driver?.isIdle ?? true }

    private func watchIdleness() {
        guard let idleExit = settings?.idleExit, isIdle, stopped == nil else {
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
        if let stopped { return stopped }
        let end = eventLoop.makePromise(of: Void.self)
        stopped = end.futureResult
        service.isStopping = true
        server.stopAccepting()
        metricsServer?.stop()
        shortageAlarm?.cancel()
        watchIdleness()
        stateMayHaveChanged()
        let stopping = driver?.stop(grace: Self.stopGrace)
        let answered = stopping?.answered.futureResult ?? eventLoop.makeSucceededVoidFuture()
        let drained = stopping?.drained.futureResult ?? eventLoop.makeSucceededVoidFuture()
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        answered.flatMap { core.value.closeConnections() }
            .and(drained)
            .flatMap { _ in core.value.upstream?.shutDown() ?? core.value.eventLoop.makeSucceededVoidFuture() }
            .cascade(to: end)
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
