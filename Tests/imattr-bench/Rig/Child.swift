import FoundationEssentials
import Glibc
import NIOPosix
import Spawning
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
        do {
            pid = try Spawn.start(
                program, arguments: arguments, environment: Self.environment(folder, environment),
                descriptors: (
                    // For writing too, so that a named pipe opens without a writer, and does not end with one.
                    input: .file(input, flags: O_RDWR), output: .file(output, flags: O_WRONLY | O_CREAT | O_APPEND),
                    errors: .copy(of: STDOUT_FILENO)
                ), group: .own)
        } catch {
            throw File.Failure(path: program, code: error.code)
        }
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
}
