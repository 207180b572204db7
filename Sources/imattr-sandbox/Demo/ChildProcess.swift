import Dispatch
import FoundationEssentials
import Glibc
import Spawning
import Synchronization

/// A program that runs beside this one, and is ended and reaped by it.
final class ChildProcess: Sendable {
    /// How it is connected with the one who has started this program.
    enum Role {
        /// Not at all: it has no input, its output and errors go to a file, and a terminal's signals do not reach it.
        case background(logPath: String)
        /// It takes our place: our input, output and errors, our process group, and our environment with these variables.
        case foreground(variables: [String: String])

        fileprivate var descriptors: (input: Spawn.Descriptor, output: Spawn.Descriptor, errors: Spawn.Descriptor) {
            switch self {
            case .background(let logPath):
                (
                    .file("/dev/null", flags: O_RDONLY), .file(logPath, flags: O_WRONLY | O_CREAT | O_APPEND),
                    .copy(of: STDOUT_FILENO)
                )
            case .foreground: (.inherited, .inherited, .inherited)
            }
        }

        /// A terminal's Ctrl-C stays with us where the order of ending is ours.
        fileprivate var group: Spawn.Group {
            switch self {
            case .background: .own
            case .foreground: .ours
            }
        }
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

    /// Starts `program`, a path or a name that is looked for in `PATH`.
    init(_ program: String, arguments: [String], _ role: Role) throws {
        do {
            let pid = try Spawn.start(
                program, arguments: arguments, environment: Self.environment(of: role),
                descriptors: role.descriptors, group: role.group)
            state = Mutex(.running(pid))
        } catch {
            throw File.Failure(path: program, code: error.code)
        }
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
            // Without what would configure the daemon or make it talk to our own supervisor.
            variables = variables.filter { name, _ in
                !["IMATTRD_", "LISTEN_"].contains(where: name.hasPrefix) && name != "NOTIFY_SOCKET"
            }
        case .foreground(let others): variables.merge(others) { $1 }
        }
        return variables.map { "\($0)=\($1)" }
    }
}
