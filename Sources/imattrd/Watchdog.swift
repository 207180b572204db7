import AttributeDaemon
import Logging
import NIOCore
import Systemd

/// Reports to the service manager that the daemon works.
///
/// It runs on the daemon's event loop and looks at the scheduler and at the turns of the loop: if the loop hangs, or
/// runs tasks without end and looks at no socket any more, nothing is reported, and the service manager kills the
/// daemon. Other work cannot delay it by more than a turn: the loop takes timers and other tasks in turn, and each of
/// these steps is done in the turn in which its timer is due.
struct Watchdog {
    let daemon: Daemon
    let eventLoop: any EventLoop
    /// The time within which the service manager wants a report.
    let interval: Duration
    let logger: Logger

    /// Goes on until it is cancelled.
    func run() async throws {
        var signs = LifeSigns()
        while true {
            switch signs.next(turns: try await daemon.loopTurns, isSound: try await daemon.isSound) {
            case .alive: ServiceManager.notify(.alive)
            case .broken:
                logger.critical("the scheduler makes no progress", metadata: Event.broken.metadata())
                ServiceManager.notify(.broken)
            case .silent: logger.critical("the event loop does not come round", metadata: Event.broken.metadata())
            }
            try await eventLoop.sleep(for: interval / 3)
        }
    }
}

extension EventLoop {
    /// Waits, until it is over or the task is cancelled, by the loop's own timer. `Task.sleep` would start Swift's threads.
    fileprivate func sleep(for duration: Duration) async throws {
        let timer = scheduleTask(in: TimeAmount(duration)) {}
        try await withTaskCancellationHandler {
            try await timer.futureResult.get()
        } onCancel: {
            timer.cancel()
        }
    }
}
