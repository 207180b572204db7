import Glibc
import Synchronization

/// Memory that is neither swapped out nor part of a core, and that is wiped when nobody holds it any more.
final class LockedMemory: Sendable {
    /// Whether the kernel has agreed never to swap it out; it does not beyond `ulimit -l`.
    let isLocked: Bool
    private let start: Mutex<UnsafeMutableRawPointer>
    private let size: Int

    /// Memory of `capacity` zero bytes, rounded up to pages.
    init(capacity: Int) {
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        let size = (max(1, capacity) + page - 1) / page * page
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { preconditionFailure("no memory for a secret") }
        isLocked = mlock(start, size) == 0
        madvise(start, size, CInt(MADV_DONTDUMP))
        madvise(start, size, CInt(MADV_DONTFORK))
        self.start = Mutex(start)
        self.size = size
    }

    /// Lends all of it.
    func withBytes<Result: Sendable, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try start.withLock { start throws(Failure) in
            try body(UnsafeMutableRawBufferPointer(start: start, count: size))
        }
    }

    /// Makes it all zero.
    func wipe() { start.withLock { explicit_bzero($0, size) } }

    deinit {
        wipe()
        start.withLock { _ = munmap($0, size) }
    }
}
