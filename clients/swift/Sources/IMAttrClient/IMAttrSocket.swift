import Glibc

/// Where the daemon is found.
public enum IMAttrSocket {
    /// The socket of the packaged units.
    public static let packagedPath = "/run/imattrd/imattrd.sock"
    /// The environment variable that names another socket.
    public static let variable = "IMATTRD_SOCKET"

    /// The path in `IMATTRD_SOCKET`, or ``packagedPath`` if that is unset or empty.
    ///
    /// - Parameter environment: Looks a variable up; the process's own environment unless given.
    public static func defaultPath(environment: (String) -> String? = processEnvironment) -> String {
        guard let path = environment(variable), !path.isEmpty else { return packagedPath }
        return path
    }

    /// The value of a variable of this process.
    public static func processEnvironment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
