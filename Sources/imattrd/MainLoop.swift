import AttributeDaemon
import NIOCore
import NIOPosix

/// The one event loop of the program.
enum MainLoop {
    /// Measures its turns.
    static let turns = LoopTurns()
    /// The loop. It runs as long as the process.
    static let eventLoop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1, metricsDelegate: turns).any()
}
