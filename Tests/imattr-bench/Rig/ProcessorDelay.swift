/// How long a thread could run but had to wait for a processor (kernel: Documentation/scheduler/sched-stats.rst).
enum ProcessorDelay {
    /// From the text of its `schedstat`: nanoseconds on a processor, nanoseconds of waiting for one, and time slices. Zero
    /// where the kernel does not count them.
    static func read(schedstat text: String) -> Duration {
        .nanoseconds(text.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int64($0) } ?? 0)
    }
}
