import ArgumentParser
import Glibc
import Systemd

/// Where the process starts.
@main
enum Program {
    static func main() async {
        ProcessMemory.protect()
        OpenFiles.raiseLimit()
        // A client that goes away while it is written to must not end the process.
        signal(SIGPIPE, SIG_IGN)
        await ImattrdCommand.main()
    }
}
