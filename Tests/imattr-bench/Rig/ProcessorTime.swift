import Glibc

/// What a process has used of the processors, in user and in kernel mode.
enum ProcessorTime {
    /// Up to now, of all its threads, those that have ended among them (clock_getcpuclockid(3)); to the nanosecond.
    static func used(by pid: pid_t) throws -> Duration {
        var clock = clockid_t()
        let code = clock_getcpuclockid(pid, &clock)
        guard code == 0 else { throw File.Failure(path: "processor time of process \(pid)", code: code) }
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else {
            throw File.Failure(path: "processor time of process \(pid)", code: errno)
        }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
