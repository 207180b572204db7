import Glibc
import Synchronization

/// A listening Unix socket that this process binds, owns and removes.
///
/// A lock file beside it (`PATH.lock`) keeps two processes from taking turns at removing each other's socket.
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
    /// Whether an earlier process left its socket behind, which it does only when it is killed.
    public let replacedStaleSocket: Bool
    private let path: String
    private let identity: FileIdentity
    /// Nil once everything is removed.
    private let lock: Mutex<CInt?>

    /// Binds and listens.
    /// - Parameters:
    ///   - path: At most 107 bytes.
    ///   - group: Who, besides the user of this process, may connect; nil keeps the group of this process.
    public init(path: String, group: gid_t? = nil, backlog: CInt = 4096) throws(Failure) {
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
        let lock = try Self.takeLock(path + ".lock")
        do throws(Failure) {
            replacedStaleSocket = try Self.removeStaleSocket(path)
            (descriptor, identity) = try Self.bind(path, group: group, backlog: backlog)
        } catch {
            unlink(path + ".lock")
            close(lock)
            throw error
        }
        self.path = path
        self.lock = Mutex(lock)
    }

    /// Removes the socket from the file system, if it is still this one: nobody can connect any more. The lock stays.
    public func unbind() {
        lock.withLock { lock in
            if lock != nil, FileIdentity(path) == identity { unlink(path) }
        }
    }

    /// Removes the socket from the file system, if it is still this one, and the lock file. The descriptor is left alone.
    public func remove() {
        lock.withLock { lock in
            guard let file = lock else { return }
            lock = nil
            if FileIdentity(path) == identity { unlink(path) }
            unlink(path + ".lock")
            close(file)
        }
    }

    private static func failure(_ deed: String, _ path: String) -> Failure {
        Failure(description: "cannot \(deed) \(path): \(String(cString: strerror(errno)))")
    }

    // MARK: The lock

    private static func takeLock(_ path: String) throws(Failure) -> CInt {
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
            guard file >= 0 else { throw failure("open the lock file", path) }
            do throws(Failure) {
                // It is removed in the end, so it must not be somebody's file with a name like that.
                guard isEmptyFileOfOurs(file) else {
                    throw Failure(description: "\(path) is no lock file of ours; remove it or choose another path")
                }
                guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                    guard errno == EWOULDBLOCK else { throw failure("lock", path) }
                    throw Failure(description: "\(path) is locked: another process serves this socket; stop it first")
                }
            } catch {
                close(file)
                throw error
            }
            // Whoever held it before may have removed the file in between; then this lock means nothing.
            if FileIdentity(path) == FileIdentity(descriptor: file) { return file }
            close(file)
        }
    }

    private static func isEmptyFileOfOurs(_ file: CInt) -> Bool {
        var status = stat()
        guard fstat(file, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid() && status.st_size == 0
    }

    // MARK: The socket

    /// Whether there was one.
    private static func removeStaleSocket(_ path: String) throws(Failure) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw failure("look at", path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Failure(description: "\(path) exists and is no socket; remove it or choose another path")
        }
        guard status.st_uid == geteuid() else {
            throw Failure(description: "\(path) is a socket of uid \(status.st_uid), not of ours; choose another path")
        }
        guard try !somebodyListens(on: path) else {
            throw Failure(description: "somebody listens on \(path) already; stop it first or choose another path")
        }
        guard unlink(path) == 0 else { throw failure("remove the stale socket", path) }
        return true
    }

    private static func somebodyListens(on path: String) throws(Failure) -> Bool {
        // Not blocking: a process that listens but does not accept would keep us waiting for ever.
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw failure("make a socket to probe", path) }
        defer { close(probe) }
        if withAddress(path, { connect(probe, $0, $1) }) == 0 { return true }
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
        let bound = withAddress(path) { Glibc.bind(descriptor, $0, $1) }
        umask(before)
        do throws(Failure) {
            guard bound == 0 else { throw failure("bind", path) }
            // A folder's default access list takes the place of the umask.
            guard chmod(path, 0o660) == 0 else { throw failure("set the mode of", path) }
            if let group, chown(path, uid_t.max, group) != 0 { throw failure("give gid \(group) the socket", path) }
            guard let identity = FileIdentity(path) else { throw failure("look at", path) }
            // Nobody could connect before this.
            guard Glibc.listen(descriptor, backlog) == 0 else { throw failure("listen on", path) }
            return (descriptor, identity)
        } catch {
            if bound == 0 { unlink(path) }
            close(descriptor)
            throw error
        }
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}

/// Which file a path or a descriptor means.
private struct FileIdentity: Equatable {
    private let device: dev_t
    private let inode: ino_t

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        (device, inode) = (status.st_dev, status.st_ino)
    }

    init?(descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        (device, inode) = (status.st_dev, status.st_ino)
    }
}
