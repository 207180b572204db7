import Glibc

/// The processor cores that we may run on.
struct ProcessorCores: Sendable, Equatable {
    let numbers: [Int]

    /// Those of a process (proc(5), `Cpus_allowed_list`).
    init(of pid: String = "self") throws {
        let status = try File.text("/proc/\(pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        self.init(list: line?.split(separator: "\t").last ?? "")
    }

    /// From a list such as `0,2-3`.
    init(list: some StringProtocol) {
        let digits = String(list).filter { !$0.isWhitespace }
        numbers = digits.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    /// The command that keeps a program on the first core, if there is another for the rest.
    var forDaemon: [String] { numbers.count > 1 ? ["/usr/bin/taskset", "-c", "\(numbers[0])"] : [] }

    /// The arguments with which taskset(1) keeps all threads of the process `pid` off the first core; nil if it is the
    /// only one.
    func exceptFirst(for pid: pid_t) -> [String]? {
        guard numbers.count > 1 else { return nil }
        return [
            "--all-tasks", "--cpu-list", "--pid", numbers.dropFirst().map(String.init).joined(separator: ","), "\(pid)",
        ]
    }
}
