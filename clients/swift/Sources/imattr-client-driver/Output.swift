import Glibc
import JSONTokens
import Synchronization

/// Lines on standard output, each in one piece, from any task.
enum Output {
    private static let turn = Mutex(())

    /// Writes one JSON object.
    static func say(_ members: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.object(members)
        write(json.bytes + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }

    /// Writes a line for a person.
    static func complain(_ text: String) { write(Array("imattr-client-driver: \(text)\n".utf8), to: STDERR_FILENO) }

    private static func write(_ line: [UInt8], to descriptor: CInt) {
        turn.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if written < 0, errno != EINTR { exit(1) }
                rest = rest.dropFirst(max(written, 0))
            }
        }
    }
}
