import ArgumentParser

/// How imattrd ends (sysexits(3)).
extension ExitCode {
    /// The socket cannot be used, or what the service manager handed over.
    static let noSocket = ExitCode(69)
    /// Something that should not happen.
    static let internalError = ExitCode(70)
    /// Configuration or credential.
    static let misconfigured = ExitCode(78)
}
