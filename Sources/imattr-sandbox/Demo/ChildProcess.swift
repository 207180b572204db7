import FoundationEssentials
import Glibc
import Synchronization

/// A program that runs beside this one, and is ended and reaped by it.
final class ChildProcess: Sendable {
    private enum State {
        case running(pid_t)
        case ended(String)
    }

    private let state: Mutex<State>

    /// Starts `program` with no input, its output and errors in the file `logPath`, default signals, and none of our
    /// descriptors.
    init(_ program: String, arguments: [String], logPath: String) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        // NIO's listening socket is not opened to be closed on exec; a daemon must not keep it open.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO {
                posix_spawn_file_actions_addclose(&files, descriptor)
            }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The signals we trap are ignored here, and that would be inherited. A process group of its own keeps a
        // terminal's Ctrl-C to us, so that the order of ending is ours.
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var pid: pid_t = 0
        let code = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(Self.environment) { posix_spawn(&pid, program, &files, &attributes, arguments, $0) }
        }
        guard code == 0 else { throw File.Failure(path: program, code: code) }
        state = Mutex(.running(pid))
    }

    /// How it ended, nil while it runs.
    var status: String? {
        state.withLock { state in
            if case .running(let pid) = state {
                var status: Int32 = 0
                if waitpid(pid, &status, WNOHANG) == pid { state = .ended(Self.describe(status)) }
            }
            if case .ended(let how) = state { return how }
            return nil
        }
    }

    /// Asks it to end, makes it end after `patience`, and returns when it is reaped.
    func stop(within patience: Duration) async {
        signal(SIGTERM)
        let deadline = ContinuousClock.now + patience
        while status == nil {
            if ContinuousClock.now > deadline { signal(SIGKILL) }
            // Not cancelled: nothing cancels the end of a demo, so this does sleep.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func signal(_ number: Int32) {
        state.withLock { state in
            if case .running(let pid) = state { _ = kill(pid, number) }
        }
    }

    /// Ours, without what would configure the daemon or make it talk to our own supervisor.
    private static var environment: [String] {
        ProcessInfo.processInfo.environment
            .filter { name, _ in
                !["IMATTRD_", "LISTEN_"].contains(where: name.hasPrefix) && name != "NOTIFY_SOCKET"
            }
            .map { "\($0)=\($1)" }
    }

    private static func describe(_ status: Int32) -> String {
        let signal = status & 0x7F
        return signal == 0 ? "exit code \((status >> 8) & 0xFF)" : "signal \(signal)"
    }

    /// Calls `body` with a null-terminated array of C strings.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        var array = pointers + [nil]
        return array.withUnsafeMutableBufferPointer { buffer in
            // Never empty: it holds the terminator.
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}
