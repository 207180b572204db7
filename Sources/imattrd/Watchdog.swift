import AttributeDaemon
import Logging
import NIOCore
import Systemd

/// Tells the service manager that the daemon works.
///
/// Each time it asks the daemon's event loop, which looks at the scheduler: if the loop hangs, nothing is told, and the service
/// manager kills the daemon.
struct Watchdog {
    let daemon: Daemon
    let eventLoop: any EventLoop
    /// The time within which the service manager wants to be told.
    let interval: Duration
    let logger: Logger

    /// Goes on until it is cancelled.
    func run() async throws {
        while true {
            if try await daemon.isSound {
                ServiceManager.notify(.alive)
            } else {
                logger.critical("the scheduler stands still", metadata: Event.broken.metadata())
                ServiceManager.notify(.broken)
            }
            try await eventLoop.sleep(for: interval / 3)
        }
    }
}
