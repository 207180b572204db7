import Glibc
import Synchronization

/// A listening Unix socket that this process binds, owns and removes.
///
/// A lock file beside it (`PATH.lock`) keeps two processes from taking turns at removing each other's socket. Its owner may keep
/// notes in it, which a process that is killed leaves behind.
///
/// What is unsafe here are calls of C functions, each with pointers to values and texts that live until it returns.
public final class OwnSocket: Sendable {
    /// Why a socket cannot be bound: one sentence with the path and what to do.
    public struct Failure: Error, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    /// Bytes of a path that fit into a socket address.
    public static let maximumPathLength = 107

    /// The listening socket.
    public let descriptor: CInt
    /// The lock file. It is closed by ``remove()``.
    public let lockFile: CInt
    /// What an earlier process has left behind, which it does only when it is killed.
    public let remains: Remains
    private let path: String
    private let identity: FileIdentity
    /// Nil once everything is removed.
    private let lock: Mutex<CInt?>

    /// What there was of an earlier process.
    public enum Remains: Hashable, Sendable {
        case nothing
        /// Its socket without a lock file, so that it has left no notes.
        case socket
        case lockFile
    }

    /// Binds and listens.
    /// - Parameters:
    ///   - path: At most 107 bytes.
    ///   - group: Who, besides the user of this process, may connect; nil keeps the group of this process.
    ///   - notesMark: The bytes with which a lock file begins that has notes of ours.
    public init(path: String, group: gid_t? = nil, backlog: CInt = 4096, notesMark: [UInt8] = []) throws(Failure) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw Failure(description: "a socket path must not be empty or contain a NUL byte; choose another path")
        }
        guard path.utf8.count <= Self.maximumPathLength else {
            throw Failure(
                description: """
                    socket path \(path) has \(path.utf8.count) bytes and the system allows \(Self.maximumPathLength); \
                    choose a shorter path
                    """)
        }
        let (lock, wasThere) = try Self.takeLock(path + ".lock", notesMark)
        do throws(Failure) {
            let replacedSocket = try Self.removeStaleSocket(path)
            remains = wasThere ? .lockFile : replacedSocket ? .socket : .nothing
            (descriptor, identity) = try Self.bind(path, group: group, backlog: backlog)
        } catch {
            // One that was there has notes, or belongs to a process that will come.
            if !wasThere { Self.removeFile(path + ".lock", ifItIs: FileIdentity(descriptor: lock)) }
            close(lock)
            throw error
        }
        self.path = path
        lockFile = lock
        self.lock = Mutex(lock)
    }

    /// Removes the socket from the file system, if it is still this one: no client can connect any more. The lock stays.
    public func unbind() {
        lock.withLock { lock in
            if lock != nil, FileIdentity(path) == identity { unsafe unlink(path) }
        }
    }

    /// Removes the socket from the file system, if it is still this one, and the lock file. The descriptor is left alone.
    public func remove() {
        lock.withLock { lock in
            guard let file = lock else { return }
            lock = nil
            Self.removeFile(path, ifItIs: identity)
            // A user may have removed it, and another process made its own.
            Self.removeFile(path + ".lock", ifItIs: FileIdentity(descriptor: file))
            close(file)
        }
    }

    private static func removeFile(_ path: String, ifItIs identity: FileIdentity?) {
        if let identity, FileIdentity(path) == identity { unsafe unlink(path) }
    }

    private static func failure(_ deed: String, _ path: String) -> Failure {
        Failure(description: unsafe "cannot \(deed) \(path): \(String(cString: strerror(errno)))")
    }

    // MARK: The lock

    /// - Returns: The file, and whether it was there before.
    private static func takeLock(_ path: String, _ notesMark: [UInt8]) throws(Failure) -> (CInt, wasThere: Bool) {
        while true {
            let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            var file = unsafe open(path, flags | O_CREAT | O_EXCL, 0o600)
            let wasThere = file < 0 && errno == EEXIST
            if wasThere {
                file = unsafe open(path, flags)
                if file < 0, errno == ENOENT { continue }
            }
            guard file >= 0 else { throw failure("open the lock file", path) }
            do throws(Failure) {
                // It is removed in the end, so it must not be another file that has this name.
                guard isLockFileOfOurs(file, notesMark) else {
                    throw Failure(
                        description: "\(path) is not a lock file of this program; remove it or choose another path")
                }
                guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                    guard errno == EWOULDBLOCK else { throw failure("lock", path) }
                    throw Failure(description: "\(path) is locked: another process serves this socket; stop it first")
                }
            } catch {
                close(file)
                throw error
            }
            // Another process that held it before may have removed the file in between; then this lock is on no path.
            if FileIdentity(path) == FileIdentity(descriptor: file) { return (file, wasThere) }
            close(file)
        }
    }

    private static func isLockFileOfOurs(_ file: CInt, _ notesMark: [UInt8]) -> Bool {
        var status = stat()
        guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else {
            return false
        }
        if status.st_size == 0 { return true }
        var start = [UInt8](repeating: 0, count: notesMark.count)
        return unsafe !start.isEmpty && pread(file, &start, start.count, 0) == start.count && start == notesMark
    }

    // MARK: The socket

    /// Whether there was one.
    private static func removeStaleSocket(_ path: String) throws(Failure) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw failure("look at", path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Failure(description: "\(path) exists and is not a socket; remove it or choose another path")
        }
        guard status.st_uid == geteuid() else {
            throw Failure(
                description: "\(path) is a socket of uid \(status.st_uid), not of this process; choose another path")
        }
        guard try !somebodyListens(on: path) else {
            throw Failure(
                description: "another process listens on \(path) already; stop it first or choose another path")
        }
        guard unsafe unlink(path) == 0 else { throw failure("remove the stale socket", path) }
        return true
    }

    private static func somebodyListens(on path: String) throws(Failure) -> Bool {
        // Not blocking: a process that listens but does not accept would keep us waiting for ever.
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw failure("make a socket to probe", path) }
        defer { close(probe) }
        if unsafe withAddress(path, { unsafe connect(probe, $0, $1) }) == 0 { return true }
        switch errno {
        case EAGAIN: return true
        case ECONNREFUSED: return false
        default: throw failure("probe", path)
        }
    }

    private static func bind(
        _ path: String, group: gid_t?, backlog: CInt
    ) throws(Failure) -> (descriptor: CInt, identity: FileIdentity) {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("make a socket for", path) }
        // The socket must never have been open to everybody, so its mode is right from its making.
        let before = umask(0o117)
        let bound = unsafe withAddress(path) { unsafe Glibc.bind(descriptor, $0, $1) }
        umask(before)
        var identity: FileIdentity?
        do throws(Failure) {
            guard bound == 0 else { throw failure("bind", path) }
            let file = try openSocketFile(path)
            defer { close(file) }
            identity = FileIdentity(descriptor: file)
            if let group, unsafe fchownat(file, "", uid_t.max, group, Self.emptyPath) != 0 {
                throw failure("give gid \(group) the socket", path)
            }
            // A folder's default access list takes the place of the umask. The link of proc(5) leads to the file that is open.
            guard unsafe chmod("/proc/self/fd/\(file)", 0o660) == 0 else { throw failure("set the mode of", path) }
            guard let identity else { throw failure("look at", path) }
            // No client could connect before this.
            guard Glibc.listen(descriptor, backlog) == 0 else { throw failure("listen on", path) }
            return (descriptor, identity)
        } catch {
            removeFile(path, ifItIs: identity)
            close(descriptor)
            throw error
        }
    }

    /// Opens the file of a socket that was just bound, for its rights only. The owner of its folder may have put a link in its
    /// place, or another file: what the path means now must not be given to others.
    private static func openSocketFile(_ path: String) throws(Failure) -> CInt {
        let file = unsafe open(path, pathOnly | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", path) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid(),
            status.st_nlink == 1
        else {
            close(file)
            throw Failure(
                description: "\(path) was replaced while it was bound; choose a folder that no other user may change")
        }
        return file
    }

    // O_PATH and AT_EMPTY_PATH of Linux on all machines, which the headers have only with _GNU_SOURCE.
    private static let (pathOnly, emptyPath): (CInt, CInt) = (0o10000000, 0x1000)

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Which file a path or a descriptor means.
private struct FileIdentity: Equatable {
    private let device: dev_t
    private let inode: ino_t

    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        (device, inode) = (status.st_dev, status.st_ino)
    }

    init?(descriptor: CInt) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        (device, inode) = (status.st_dev, status.st_ino)
    }
}
