import CSystemd
import Glibc

/// The socket that the service manager has handed over to the signer (sd_listen_fds(3)).
public enum InheritedSigner {
    /// The name that it must have. The callers' socket has another, and no UserSig may be given out on that one.
    public static let name = "signer"

    /// Takes the one socket of that name, a listening Unix stream socket that not everybody may connect to. Unsets the variables that
    /// say so, hence to be called once, before any thread is started.
    ///
    /// What is unsafe here are calls of C functions, each with pointers to values and texts that live until it returns.
    public static func take() throws(InheritedSockets.Failure) -> CInt {
        let names = unsafe getenv("LISTEN_FDNAMES").map { unsafe String(cString: $0) }
        let count = sd_listen_fds(1)
        guard count == 1, names == name else {
            throw InheritedSockets.Failure(
                description: "no socket named \(name) was handed over: start imattrd-signer.socket with systemctl")
        }
        let socket = CInt(SD_LISTEN_FDS_START)
        guard sd_is_socket_unix(socket, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0,
            let path = SocketAddress(of: socket)?.path
        else {
            throw InheritedSockets.Failure(
                description: "the socket named \(name) is not a listening Unix stream socket with a path")
        }
        var status = stat()
        // Who may not look into its folder cannot see it, and nor can others.
        if unsafe stat(path, &status) == 0, status.st_mode & 0o002 != 0 {
            throw InheritedSockets.Failure(
                description: "everybody may connect to \(path); set SocketMode=0660 in the socket unit")
        }
        return socket
    }
}
