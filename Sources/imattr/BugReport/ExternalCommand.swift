import Glibc
import Spawning

/// A program of the system that is run for what it prints, without a shell and with no input.
struct ExternalCommand {
    /// What came of it.
    struct Run: Hashable {
        /// As a sentence's end: `exit code 78`.
        let ending: String
        let output: String
        let complaint: String
    }

    /// Why there is nothing.
    enum Failure: Error, Hashable {
        case cannotStart(program: String, errno: CInt)
        case tooSlow(program: String)

        var text: String {
            switch self {
            case .cannotStart(let program, let errno): "\(program): \(SystemCall.text(of: errno))"
            case .tooSlow(let program): "\(program) did not end in time"
            }
        }
    }

    /// Bytes of each of the two texts that are kept.
    private static let mostBytes = 1 << 20

    let program: String
    let arguments: [String]
    let variables: [String: String]

    /// - Parameters:
    ///   - program: A path, or a name that is looked for in `PATH`.
    ///   - variables: What the environment has beside ours.
    init(_ program: String, _ arguments: [String], variables: [String: String] = [:]) {
        self.program = program
        self.arguments = arguments
        self.variables = variables
    }

    /// Runs it to its end; kills it if that does not come in time.
    func run(within patience: Duration) -> Result<Run, Failure> {
        guard let output = Pipe() else { return .failure(.cannotStart(program: program, errno: errno)) }
        defer { output.close() }
        guard let complaint = Pipe() else { return .failure(.cannotStart(program: program, errno: errno)) }
        defer { complaint.close() }
        let pid: pid_t
        do {
            pid = try Spawn.start(
                program, arguments: arguments, environment: environment,
                descriptors: (
                    input: .file("/dev/null", flags: O_RDONLY), output: .copy(of: output.writing),
                    errors: .copy(of: complaint.writing)
                ), group: .ours)
        } catch {
            return .failure(.cannotStart(program: program, errno: error.code))
        }
        output.closeWriting()
        complaint.closeWriting()
        let isComplete = Self.read([output, complaint], until: ContinuousClock.now + patience)
        if !isComplete { kill(pid, SIGKILL) }
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard isComplete else { return .failure(.tooSlow(program: program)) }
        let signal = status & 0x7F
        let ending = signal == 0 ? "exit code \((status >> 8) & 0xFF)" : "signal \(signal)"
        return .success(Run(ending: ending, output: output.text, complaint: complaint.text))
    }

    /// Ours with the command's variables, and in English.
    private var environment: [String] {
        let changes = variables.merging(["LC_ALL": "C.UTF-8"]) { $1 }
        var entries = changes.map { "\($0)=\($1)" }
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if changes[String(text.prefix { $0 != "=" })] == nil { entries.append(text) }
            next += 1
        }
        return entries
    }

    // MARK: Reading

    /// Reads until all of them have ended; false if they do not in time.
    private static func read(_ pipes: [Pipe], until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let open = pipes.filter { !$0.hasEnded }
            if open.isEmpty { return true }
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return false }
            var waiting = open.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), CInt(left.rounded(.up))) > 0 else { continue }
            for (pipe, state) in zip(open, waiting) where state.revents != 0 { pipe.readMore(upTo: mostBytes) }
        }
    }

    /// A pipe that a child writes to.
    private final class Pipe {
        let reading: CInt
        private(set) var writing: CInt
        private(set) var hasEnded = false
        private var bytes: [UInt8] = []

        init?() {
            var ends: [CInt] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            (reading, writing) = (ends[0], ends[1])
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }

        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// Takes the next piece; what is beyond the most is dropped.
        func readMore(upTo most: Int) {
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            let count = SystemCall.read(reading, &piece, piece.count)
            if count < 0, errno == EINTR { return }
            guard count > 0 else { return hasEnded = true }
            bytes += piece.prefix(min(count, most - bytes.count))
        }

        func closeWriting() {
            if writing >= 0 { Glibc.close(writing) }
            writing = -1
        }

        func close() {
            closeWriting()
            Glibc.close(reading)
        }
    }
}
