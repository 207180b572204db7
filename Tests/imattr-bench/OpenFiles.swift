import Glibc

/// How many files, and so connections, this process may have open.
enum OpenFiles {
    /// Raises the soft limit to the hard one. It is 1024 by default, for programs that use select(2).
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
