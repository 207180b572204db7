/// A server on a Unix socket that is not ours.
final class Server: Contestant {
    let socketPath: String
    let wire: Wire
    private let child: Child

    /// Starts one and returns when it listens. `arguments` say what socket.
    static func start(
        _ program: String, _ arguments: [String], socketPath: String, wire: Wire, in folder: TemporaryFolder
    ) async throws -> Server {
        let log = socketPath + ".log"
        let child = try Child(program, arguments, output: log, folder: folder)
        do {
            try await Patience.wait(for: "\(program) to listen", log: log, unless: { child.hasEnded }) {
                UnixSocket.acceptsConnections(socketPath) ? () : nil
            }
        } catch {
            child.end()
            throw error
        }
        return Server(socketPath: socketPath, wire: wire, child: child)
    }

    private init(socketPath: String, wire: Wire, child: Child) {
        self.socketPath = socketPath
        self.wire = wire
        self.child = child
    }

    func processorTime() throws -> Duration { try ProcessorTime.used(by: child.pid) }
    func end() { child.end() }
}
