import Glibc

/// What is piped in.
enum StandardInput {
    /// The next piece; empty at the end. It blocks, as nothing can go on without it but the connection, which has its own
    /// thread.
    static func read() throws(InputError) -> [UInt8] {
        while true {
            var failure: CInt = 0
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let received = SystemCall.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
                if received < 0 { failure = errno }
                count = max(received, 0)
            }
            if failure == 0 { return piece }
            if failure != EINTR { throw .unreadable(errno: failure) }
        }
    }
}
