import Glibc

/// What the configuration has to fit to, beyond itself.
public struct Surroundings: Hashable, Sendable {
    /// `CREDENTIALS_DIRECTORY`, as the service manager sets it.
    public private(set) var credentialsDirectory: String?
    /// The socket that callers connect to; nil if it is not made yet.
    public var socketPath: String?

    /// Describes the surroundings.
    public init(credentialsDirectory: String?, socketPath: String?) {
        self.credentialsDirectory = credentialsDirectory.flatMap { $0.isEmpty ? nil : $0 }
        self.socketPath = socketPath
    }

    /// Why a daemon with or without an allow list must not serve; empty if it may.
    func problems(hasAllowList: Bool) -> [ConfigurationProblem] {
        if !hasAllowList, socketIsOpenToAll {
            return [
                ConfigurationProblem(
                    ConfigurationKey.allow.rawValue, nil, nil,
                    "is required, because everybody may write to \(socketPath ?? "the socket"); or set SocketMode=0660")
            ]
        }
        if hasAllowList, !Self.usersAreReal {
            return [
                ConfigurationProblem(
                    ConfigurationKey.allow.rawValue, nil, nil,
                    "cannot be used in a user namespace, where callers' users are not known; see PrivateUsers=")
            ]
        }
        return []
    }

    private var socketIsOpenToAll: Bool {
        var status = stat()
        guard let socketPath, stat(socketPath, &status) == 0 else { return false }
        return status.st_mode & 0o002 != 0
    }

    /// Whether this process sees users as the kernel knows them: the one mapping is that of everybody to themselves.
    private static var usersAreReal: Bool {
        // proc(5) files have no size, and are no larger than a page.
        guard case .success(let bytes) = SmallFile.read("/proc/self/uid_map", limit: 4096) else { return true }
        let numbers = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return numbers == ["0", "0", "4294967295"]
    }
}
