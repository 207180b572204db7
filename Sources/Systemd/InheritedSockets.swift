import CSystemd
import Glibc

/// The sockets that the service manager has handed over (sd_listen_fds(3)).
public struct InheritedSockets: Sendable {
    /// Why what was handed over cannot be used: one sentence for a person.
    public struct Failure: Error, CustomStringConvertible {
        /// The sentence.
        public let description: String

        init(description: String) { self.description = description }

        init(twoNamed name: String) {
            self.init(
                description:
                    "two sockets named \(name) were handed over; each socket unit needs a FileDescriptorName= of its own"
            )
        }
    }

    /// A listening Unix socket that callers connect to.
    public struct Callers: Hashable, Sendable {
        /// `rpc` or `rpc-NAME`; a single socket without a name is `rpc`.
        public let name: String
        /// The socket.
        public let descriptor: CInt
        /// Where it is in the file system.
        public let path: String
    }

    /// The sockets that callers connect to. What has an unknown name is among them, if callers can connect to it: so they are answered.
    public private(set) var callers: [Callers] = []
    /// Why the daemon must not serve, a sentence each; empty if it may. To end instead would have the service manager start the program
    /// again at once, for the same callers.
    public private(set) var faults: [String] = []
    /// The file in which an earlier process has written down the limiter's slots, named `slots`; it comes from the service
    /// manager's store.
    public private(set) var slots: CInt?
    /// The listening socket for HTTP requests for metrics, named `metrics`: Unix with a path, or TCP on a loopback address.
    public private(set) var metrics: CInt?

    /// The listening Unix socket of administrators, named `admin`.
    public private(set) var admin: CInt?

    private static let unnamed = "unknown"

    /// Takes what was handed over to this process; nil if nothing was. Unsets the variables that say so, hence to be
    /// called once, before any thread is started.
    public init?() throws(Failure) {
        let descriptors = try Self.descriptors()
        if descriptors.isEmpty { return nil }
        let isSingle = descriptors.count { $0.name != "slots" } == 1
        for (name, descriptor) in descriptors {
            do throws(Failure) {
                try take(descriptor, named: isSingle && name == Self.unnamed ? "rpc" : name)
            } catch {
                faults.append(error.description)
            }
        }
        if callers.isEmpty { faults.append("no socket named rpc was handed over") }
    }

    private mutating func take(_ descriptor: CInt, named name: String) throws(Failure) {
        switch name {
        case "slots" where slots == nil: slots = descriptor
        case "metrics":
            guard metrics == nil else { throw Failure(twoNamed: name) }
            try Self.checkMetrics(descriptor)
            metrics = descriptor
        case "admin":
            guard admin == nil else { throw Failure(twoNamed: name) }
            try Self.checkAdmin(descriptor)
            admin = descriptor
        default:
            let isTwice = callers.contains { $0.name == name }
            callers.append(
                Callers(name: name, descriptor: descriptor, path: try Self.path(of: descriptor, named: name)))
            if isTwice { throw Failure(twoNamed: name) }
            guard name == "rpc" || name.hasPrefix(Self.named) else {
                throw Failure(
                    description:
                        "a descriptor named \"\(name)\" was handed over; set FileDescriptorName=rpc in the socket unit")
            }
        }
    }

    /// How the names of further sockets begin.
    public static let named = "rpc-"

    private static func descriptors() throws(Failure) -> [(name: String, descriptor: CInt)] {
        // The library makes an array of texts, as many as it returns, which belong to the caller.
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        defer {
            for index in 0..<max(0, Int(count)) { unsafe free(names?[index]) }
            unsafe free(names)
        }
        guard count >= 0 else {
            throw Failure(description: unsafe "LISTEN_FDS cannot be understood: \(String(cString: strerror(-count)))")
        }
        return (0..<Int(count)).map { index in
            unsafe (names?[index].map { unsafe String(cString: $0) } ?? unnamed, SD_LISTEN_FDS_START + CInt(index))
        }
    }

    /// Checks that a socket is what it must be: a listening Unix stream socket with a path.
    private static func path(of socket: CInt, named name: String) throws(Failure) -> String {
        guard sd_is_socket_unix(socket, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw Failure(
                description: "the socket named \(name) is not a listening Unix stream socket; see ListenStream=")
        }
        guard let path = SocketAddress(of: socket)?.path else {
            throw Failure(description: "the socket named \(name) has no path; an abstract name has no permissions")
        }
        return path
    }

    /// Checks that only root can connect to a socket: who connects there is an administrator.
    private static func checkAdmin(_ socket: CInt) throws(Failure) {
        let path = try path(of: socket, named: "admin")
        var status = stat()
        // Who may not even look into its folder cannot see it, and nor can others.
        if unsafe stat(path, &status) != 0, errno == EACCES { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_mode & 0o077 == 0, status.st_uid == 0 else {
            throw Failure(
                description:
                    "the socket named admin can be used by others than root; set SocketUser=root and SocketMode=0600")
        }
    }

    /// Checks that only this machine's own programs can reach a socket.
    private static func checkMetrics(_ socket: CInt) throws(Failure) {
        guard sd_is_socket(socket, AF_UNSPEC, CInt(SOCK_STREAM.rawValue), 1) > 0 else {
            throw Failure(description: "the socket named metrics is not a listening stream socket; see ListenStream=")
        }
        guard let address = SocketAddress(of: socket), address.path != nil || address.isLoopback else {
            throw Failure(
                description:
                    "the socket named metrics is neither a Unix socket with a path nor TCP on a loopback address; "
                    + "set ListenStream=127.0.0.1:9464 in the socket unit")
        }
    }
}
