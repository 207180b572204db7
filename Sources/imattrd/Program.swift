import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import Systemd

/// Where the process starts.
@main
enum Program {
    static func main() {
        ProcessMemory.protect()
        OpenFiles.raiseLimit()
        // A client that goes away while it is written to must not end the process.
        signal(SIGPIPE, SIG_IGN)
        // Before there is a second thread, which would get them.
        Signals.shared.block()
        // Door, scheduler and upstream share one loop, so that nothing has to be handed over between threads; and the other pool
        // has nothing to do but to read files now and then.
        NIOSingletons.blockingPoolThreadCountSuggestion = 1
        // All of the program runs on that loop: Swift's own threads would wake up once a second as long as the process lives.
        // There is nobody above this task who could wait for it: it ends the process.
        Task(executorPreference: EventLoopExecutor(MainLoop.eventLoop)) {
            await ImattrdCommand.main()
            exit(EXIT_SUCCESS)
        }
        Signals.shared.forward()
    }
}
