import FoundationEssentials
import Glibc
import NIOPosix
import Synchronization

/// A program that runs beside this one, and does not outlive it.
final class Child: Sendable {
    let pid: pid_t
    private let program: String
    private let isReaped = Mutex(false)

    /// Starts a program, that of a path or the one of this name that stands beside this one's, with its input from the
    /// file `input`, its output and errors in the file `output`, temporary files in `folder`, variables of
    /// `environment` on top of ours, and none of our descriptors.
    init(
        _ name: String, _ arguments: [String], input: String = "/dev/null", output: String, folder: TemporaryFolder,
        environment: [String: String] = [:]
    ) throws {
        let program = try Self.program(name)
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        // For writing too, so that a named pipe opens without a writer, and does not end with one.
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDWR, 0)
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
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
            Self.withCStrings(Self.environment(folder, environment)) {
                posix_spawn(&pid, program, &files, &attributes, arguments, $0)
            }
        }
        guard code == 0 else { throw File.Failure(path: program, code: code) }
        self.pid = pid
        self.program = program
    }

    /// Whether it has ended, by itself or by ``end()``.
    var hasEnded: Bool {
        isReaped.withLock { isReaped in
            isReaped = isReaped || waitpid(pid, nil, WNOHANG) == pid
            return isReaped
        }
    }

    func signal(_ number: Int32) {
        // Only while it is ours: the number of a reaped process may be somebody else's.
        isReaped.withLock { isReaped in if !isReaped { kill(pid, number) } }
    }

    /// `kill -9`, and returns when nothing of it is left.
    func end() {
        isReaped.withLock { isReaped in
            guard !isReaped else { return }
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            isReaped = true
        }
    }

    /// Waits until it has ended by itself; throws unless it has done so with 0.
    func succeed() async throws {
        let status = try await NIOThreadPool.singleton.runIfActive { [self] in
            isReaped.withLock { isReaped in
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                isReaped = true
                return status
            }
        }
        guard status == 0 else { throw Failed(program: program, status: status) }
    }

    struct Failed: Error, CustomStringConvertible {
        var program: String
        var status: Int32
        var description: String { "\(program) has failed (wait status \(status))" }
    }

    /// The path of a program of this name that stands beside this one's.
    static func program(_ name: String) throws -> String {
        if name.contains("/") { return name }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = own.prefix(upTo: own.lastIndex(of: "/") ?? own.endIndex) + "/" + name
        guard access(String(path), X_OK) == 0 else { throw File.Failure(path: String(path), code: errno) }
        return String(path)
    }

    /// Ours, without what would configure the daemon or make it talk to our own supervisor.
    private static func environment(_ folder: TemporaryFolder, _ more: [String: String]) -> [String] {
        ProcessInfo.processInfo.environment
            .filter { name, _ in
                !["IMATTRD_", "LISTEN_", "WATCHDOG_"].contains(where: name.hasPrefix)
                    && name != "NOTIFY_SOCKET" && name != "TMPDIR"
            }
            .merging(more) { $1 }
            .map { "\($0)=\($1)" } + ["TMPDIR=\(folder.path)"]
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
