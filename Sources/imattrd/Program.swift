import ArgumentParser
import AttributeDaemon
import Glibc
import NIOCore
import NIOPosix
import Systemd

/// Where the process starts.
@main
enum Program {
    static func main() {
        guard StandardStreams.openMissing() else { _exit(ExitCode.internalError.rawValue) }
        ProcessMemory.protect()
        ProcessMemory.returnLargeBlocks()
        OpenFiles.raiseLimit()
        // No log that cannot be written ends or stops the process: its reader is gone, it is a file of the greatest size that is
        // allowed, or a terminal where another program is in the foreground. Nor does a client that goes away while it is written to.
        for number in [SIGPIPE, SIGXFSZ, SIGTTOU] { signal(number, SIG_IGN) }
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The signer has no event loop, and a signal ends it.
        if arguments.first == SignerCommand.name { exit(SignerCommand.run(Array(arguments.dropFirst())).rawValue) }
        // Before there is a second thread, which would get them.
        Signals.shared.block()
        // Door, scheduler and upstream share one loop, so that nothing has to be handed over between threads; and the other pool
        // has nothing to do but to read files now and then.
        NIOSingletons.blockingPoolThreadCountSuggestion = 1
        // All of the program runs on that loop: Swift's own threads would wake up once a second as long as the process lives.
        // No caller of this task could wait for it: it ends the process.
        Task(executorPreference: EventLoopExecutor(MainLoop.eventLoop)) {
            exit(await ImattrdCommand.run(arguments).rawValue)
        }
        Signals.shared.forward()
    }
}

/// How many files, and so connections, this process may have open.
enum OpenFiles {
    /// Raises the soft limit to the hard one. It is 1024 by default, for programs that use select(2).
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The one event loop of the program.
enum MainLoop {
    /// It runs as long as the process.
    static let eventLoop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).any()
}

/// Runs tasks on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
