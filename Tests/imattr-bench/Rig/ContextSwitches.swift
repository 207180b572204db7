import FoundationEssentials

/// How often the threads of a process have stopped running (proc(5), `/proc/PID/task/TID/status`).
struct ContextSwitches: Sendable {
    /// By thread.
    private let counts: [String: Int]

    init(of pid: Int32) throws {
        let folder = "/proc/\(pid)/task"
        var counts: [String: Int] = [:]
        for thread in try FileManager.default.contentsOfDirectory(atPath: folder) {
            // A thread that ends meanwhile is none that wakes up.
            if let status = try? File.text("\(folder)/\(thread)/status") { counts[thread] = Self.count(status: status) }
        }
        self.init(counts)
    }

    init(_ counts: [String: Int]) { self.counts = counts }

    /// How many there were since `earlier`, in the threads that are left.
    func since(_ earlier: ContextSwitches) -> Int {
        counts.reduce(0) { $0 + $1.value - earlier.counts[$1.key, default: 0] }
    }

    static func count(status: String) -> Int {
        status.split(separator: "\n").filter { $0.contains("voluntary_ctxt_switches:") }
            .reduce(0) { $0 + ($1.split(separator: "\t").last.flatMap { Int($0) } ?? 0) }
    }
}
