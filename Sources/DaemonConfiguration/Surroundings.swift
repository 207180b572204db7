import Glibc

/// What the configuration has to fit to, beyond itself.
public struct Surroundings: Hashable, Sendable {
    /// `CREDENTIALS_DIRECTORY`, as the service manager sets it.
    public private(set) var credentialsDirectory: String?
    /// The sockets that callers connect to; empty if they are not made yet.
    public var socketPaths: [String]
    /// What is wrong with the sockets that were handed over, a sentence each.
    public var socketFaults: [String]

    /// Describes the surroundings.
    public init(credentialsDirectory: String?, socketPaths: [String] = [], socketFaults: [String] = []) {
        self.credentialsDirectory = credentialsDirectory.flatMap { $0.isEmpty ? nil : $0 }
        self.socketPaths = socketPaths
        self.socketFaults = socketFaults
    }

    /// What is wrong with the sockets. It comes first: what else is missing can be a matter of the unit, too.
    var faults: [ConfigurationProblem] { socketFaults.map { ConfigurationProblem("sockets", nil, nil, $0) } }

    /// Why a daemon must not serve with its sockets as they are; empty if it may.
    /// - Parameter key: The key that says who may ask; nil if none is given.
    func problems(limitedBy key: ConfigurationKey?) -> [ConfigurationProblem] {
        if key == nil, let socketPath = socketsOpenToAll.first {
            return [
                ConfigurationProblem(
                    ConfigurationKey.allow.rawValue, nil, nil,
                    "is required (or rules), because everybody may write to \(socketPath); or set SocketMode=0660")
            ]
        }
        if let key, !Self.usersAreReal {
            return [
                ConfigurationProblem(
                    key.rawValue, nil, nil,
                    "cannot be used in a user namespace, where callers' users are not known; see PrivateUsers=")
            ]
        }
        return []
    }

    private var socketsOpenToAll: [String] {
        socketPaths.filter { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & 0o002 != 0
        }
    }

    /// Whether this process sees users as the kernel knows them: the one mapping is that of everybody to themselves.
    private static var usersAreReal: Bool {
        // proc(5) files have no size, and are no larger than a page.
        guard case .success(let bytes) = SmallFile.read("/proc/self/uid_map", limit: 4096) else { return true }
        let numbers = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return numbers == ["0", "0", "4294967295"]
    }
}
