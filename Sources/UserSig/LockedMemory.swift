import Glibc
import Synchronization

/// Memory that is neither swapped out nor part of a core, and that is wiped when it is released.
///
/// Its users need no unsafe code: the bytes are lent as a span, inside of the lock, while this object is alive.
@safe final class LockedMemory: Sendable {
    /// Whether the kernel has agreed never to swap it out; it does not beyond `ulimit -l`.
    let isLocked: Bool
    /// Mapped by hand: only whole pages that hold nothing else can be locked and kept out of cores.
    private let bytes: Mutex<UnsafeMutableBufferPointer<UInt8>>

    /// Memory of `capacity` zero bytes, rounded up to pages.
    init(capacity: Int) {
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        let size = (max(1, capacity) + page - 1) / page * page
        guard let start = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe start != MAP_FAILED
        else { preconditionFailure("no memory for a secret") }
        isLocked = unsafe mlock(start, size) == 0
        unsafe madvise(start, size, CInt(MADV_DONTDUMP))
        unsafe madvise(start, size, CInt(MADV_DONTFORK))
        let bytes = unsafe UnsafeMutableBufferPointer(
            start: start.bindMemory(to: UInt8.self, capacity: size), count: size)
        unsafe self.bytes = Mutex(bytes)
    }

    /// Lends all of it.
    func withBytes<Result: Sendable, Failure: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe bytes.withLock { bytes throws(Failure) in
            var span = unsafe bytes.mutableSpan
            return try body(&span)
        }
    }

    /// Makes it all zero. By `explicit_bzero`, because the compiler leaves out writes that nothing reads.
    func wipe() {
        unsafe bytes.withLock { bytes in _ = unsafe bytes.baseAddress.map { unsafe explicit_bzero($0, bytes.count) } }
    }

    deinit {
        wipe()
        unsafe bytes.withLock { _ = unsafe munmap($0.baseAddress, $0.count) }
    }
}
