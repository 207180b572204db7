import CSystemd
import Glibc

/// Keeps what the process holds in memory to itself.
public enum ProcessMemory {
    /// From here on no other process of the same user can read the memory, no core is written, and a crash prints
    /// neither registers nor memory.
    public static func protect() {
        _ = csystemd_forbid_dumps()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // A C function, with a pointer to a value that lives until it returns.
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Swift's runtime handles these, to print a backtrace, where the environment says so.
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT] { signal(number, SIG_DFL) }
    }

    /// Bytes from which on a block is returned to the system as soon as it is freed.
    private static let largeBlock: CInt = 512 << 10

    /// From here on, what the largest lines and answers need is returned to the system when they are gone. By itself, the allocator
    /// (mallopt(3)) keeps blocks of the size of the largest one that was ever freed, up to 32 MiB. Smaller blocks than these are kept: to
    /// ask the system for them again costs a quarter of what a request for 5,000 held accounts does.
    public static func returnLargeBlocks() {
        csystemd_return_large_blocks(largeBlock)
    }

    /// Returns to the system what the allocator keeps of smaller blocks that were freed (malloc_trim(3)), in about 0.1 ms for each MiB.
    /// By itself, the allocator returns only what is free at the end of its memory, where after a burst some block remains in use.
    public static func returnFreePages() {
        csystemd_return_free_pages()
    }
}
