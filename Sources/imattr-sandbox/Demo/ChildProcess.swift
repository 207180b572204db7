import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A program that runs beside this one, and is ended and reaped by it.
final class ChildProcess: Sendable {
    /// How it is connected with the one who has started this program.
    enum Role {
        /// Not at all: it has no input, its output and errors go to a file, and a terminal's signals do not reach it.
        case background(logPath: String)
        /// It takes our place: our input, output and errors, our process group, and our environment with these variables.
        case foreground(variables: [String: String])
    }

    /// How it ended.
    enum Ending: Hashable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        fileprivate init(_ status: Int32) {
            let signal = status & 0x7F
            self = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
        }

        /// The status by which a shell says it.
        var shellStatus: Int32 {
            switch self {
            case .exited(let code): code
            case .killed(let signal): 128 + signal
            }
        }

        var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .killed(let signal): "signal \(signal)"
            }
        }
    }

    private enum State {
        case running(pid_t)
        case ended(Ending)
    }

    private let state: Mutex<State>

    /// Starts `program`, a path or a name that is looked for in `PATH`, with default signals and none of our other descriptors.
    init(_ program: String, arguments: [String], _ role: Role) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        if case .background(let logPath) = role {
            posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        }
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
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        if case .background = role { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var pid: pid_t = 0
        let code = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(Self.environment(of: role)) {
                posix_spawnp(&pid, program, &files, &attributes, arguments, $0)
            }
        }
        guard code == 0 else { throw File.Failure(path: program, code: code) }
        state = Mutex(.running(pid))
    }

    /// How it ended, nil while it runs.
    var ending: Ending? {
        state.withLock { state in
            if case .running(let pid) = state {
                var status: Int32 = 0
                if waitpid(pid, &status, WNOHANG) == pid { state = .ended(Ending(status)) }
            }
            if case .ended(let how) = state { return how }
            return nil
        }
    }

    /// Asks it to end, makes it end after `patience`, and returns when it is reaped.
    func stop(within patience: Duration) async {
        signal(SIGTERM)
        let deadline = ContinuousClock.now + patience
        while ending == nil {
            if ContinuousClock.now > deadline { signal(SIGKILL) }
            // Not cancelled: nothing cancels the end of a demo, so this does sleep.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits for its end.
    func waitForEnd() async -> Ending {
        guard case .running(let pid) = state.withLock({ $0 }) else { return ending ?? .exited(0) }
        await withCheckedContinuation { continuation in
            // Waiting blocks, so it has a thread of its own. It leaves the child to be reaped.
            DispatchQueue.global().async {
                var information = siginfo_t()
                while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
                continuation.resume()
            }
        }
        return ending ?? .exited(0)
    }

    /// Sends it a signal; does nothing if it has ended.
    func signal(_ number: Int32) {
        state.withLock { state in
            if case .running(let pid) = state { _ = kill(pid, number) }
        }
    }

    private static func environment(of role: Role) -> [String] {
        var variables = ProcessInfo.processInfo.environment
        switch role {
        case .background:
            // Nothing that would configure the daemon or make it talk to our own supervisor.
            variables = variables.filter { name, _ in
                !["IMATTRD_", "LISTEN_"].contains(where: name.hasPrefix) && name != "NOTIFY_SOCKET"
            }
        case .foreground(let others): variables.merge(others) { $1 }
        }
        return variables.map { "\($0)=\($1)" }
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
