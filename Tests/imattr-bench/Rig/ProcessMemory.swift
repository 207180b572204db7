/// What a process has in memory (proc(5), `/proc/PID/smaps_rollup`), in bytes.
struct ProcessMemory: Sendable {
    /// All pages, those of its program's file among them.
    var resident: Int
    /// Pages that it has written, and that nobody shares.
    var privateDirty: Int

    init(of pid: Int32) throws {
        self.init(rollup: try File.text("/proc/\(pid)/smaps_rollup"))
    }

    /// From lines such as `Rss:    1234 kB`.
    init(rollup: String) {
        func kilobytes(_ name: String) -> Int {
            let line = rollup.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
        resident = kilobytes("Rss") * 1024
        privateDirty = kilobytes("Private_Dirty") * 1024
    }
}
