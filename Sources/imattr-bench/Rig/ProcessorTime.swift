import Glibc

/// What a process has used of the processors, in user and in kernel mode.
enum ProcessorTime {
    /// Up to now, in steps of the kernel's clock tick (10 ms most often).
    static func used(by pid: pid_t) throws -> Duration {
        let path = "/proc/\(pid)/stat"
        guard let ticks = ticks(stat: try File.text(path)) else { throw File.Failure(path: path, code: EILSEQ) }
        return .seconds(ticks) / sysconf(Int32(_SC_CLK_TCK))
    }

    /// utime and stime of a line of `/proc/PID/stat` (proc_pid_stat(5), fields 14 and 15).
    static func ticks(stat: String) -> Int? {
        // The second field is the program's name in parentheses; it may hold blanks and parentheses.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ").dropFirst()
        guard fields.count > 12, let user = Int(fields[fields.startIndex + 11]),
            let kernel = Int(fields[fields.startIndex + 12])
        else { return nil }
        return user + kernel
    }
}
