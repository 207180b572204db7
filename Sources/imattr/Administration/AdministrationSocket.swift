import IMAttrClient

/// Where the daemon takes what only administrators may ask.
enum AdministrationSocket {
    private static let (callers, administrators) = ("/run/imattrd/", "/run/imattrd-admin/")

    /// The socket of administrators beside a socket of callers, under the units; any other path is that of a daemon that has been
    /// started by hand, and serves both.
    static func path(for path: String) -> String {
        path.hasPrefix(callers) ? administrators + path.dropFirst(callers.count) : path
    }

    /// Whether a path is one of the units'.
    static func has(_ path: String) -> Bool { path.hasPrefix(administrators) }
}

extension ConnectionOptions {
    /// As ``run(_:)``, with the socket of administrators.
    func administer(_ work: (IMAttrClient) async throws -> ExitStatus) async throws {
        try await end {
            try await IMAttrClient.withClient(socketPath: AdministrationSocket.path(for: path)) { client in
                try await work(client)
            }
        }
    }
}
