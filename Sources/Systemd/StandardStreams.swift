import Glibc

/// The descriptors 0 to 2.
public enum StandardStreams {
    /// Opens those that are closed on `/dev/null`, so that no socket or file of the program takes their numbers, and the log is not
    /// written into one. To be called before anything else is opened.
    /// - Returns: Whether all of them are open.
    public static func openMissing() -> Bool {
        // Each gets the lowest free number.
        // A C function, with a text that lives until it returns.
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            guard unsafe open("/dev/null", O_RDWR) == descriptor else { return false }
        }
        return true
    }
}
